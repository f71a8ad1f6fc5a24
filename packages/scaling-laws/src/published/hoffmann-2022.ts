import { chinchillaLoss } from '../laws/chinchilla.ts';
import { lossOutput, publishedLaw } from './published-law.ts';

/** Hoffmann et al. 2022, equation 10. */
const printed = { E: 1.69, A: 406.4, alpha: 0.34, B: 410.7, beta: 0.28 };

/** Hoffmann et al. 2022 as printed; Besiroglu et al. found that its constants do not fit its own data. */
export const hoffmannLaw = publishedLaw(
  {
    name: 'hoffmann',
    title: "Hoffmann et al.'s law (Chinchilla, as printed)",
    formula: 'L = 1.69 + 406.4 / N^0.34 + 410.7 / D^0.28',
    source: 'Hoffmann et al. 2022, arXiv 2203.15556, equation 10',
    rangeSource: 'abstract: 70 million to 16 billion parameters on 5 to 500 billion tokens',
    inputs: {
      parameters: { meaning: 'parameters, embeddings included', low: 7e7, high: 1.6e10 },
      tokens: { meaning: 'training tokens', low: 5e9, high: 5e11 },
    },
    conventions: { loss: 'on MassiveText in tokens of Gopher', parameters: 'with embeddings' },
    outputs: { loss: lossOutput },
  },
  (run) => ({ loss: chinchillaLoss(printed, run) }),
);
