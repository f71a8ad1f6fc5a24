import { chinchillaLoss, optimalAllocation } from '../laws/chinchilla.ts';
import { lossOutput, publishedLaw } from './published-law.ts';

/** Besiroglu et al. 2024. */
const refitted = { E: 1.8169, A: 482.01, alpha: 0.3478, B: 2085.43, beta: 0.3658 };

/** Besiroglu et al. 2024: Chinchilla's law fitted again on points read off its figures. */
export const chinchillaLaw = publishedLaw(
  {
    name: 'chinchilla',
    title: 'Chinchilla, refitted by Besiroglu et al.',
    formula: 'L = 1.8169 + 482.01 / N^0.3478 + 2085.43 / D^0.3658',
    source: 'Besiroglu et al. 2024, arXiv 2404.10102',
    rangeSource: 'the 240 points behind the fit, in github.com/epoch-research/analyzing-chinchilla',
    inputs: {
      parameters: { meaning: 'parameters, embeddings included', low: 5.7e7, high: 1.62e10 },
      tokens: { meaning: 'training tokens', low: 8.1e8, high: 3.18e11 },
    },
    conventions: { loss: 'on MassiveText in tokens of Gopher', parameters: 'with embeddings' },
    outputs: { loss: lossOutput },
  },
  (run) => ({ loss: chinchillaLoss(refitted, run) }),
);

/** The size and tokens of lowest loss by {@link chinchillaLaw} for a compute. */
export const chinchillaOptimal = publishedLaw(
  {
    name: 'chinchilla-optimal',
    title: "Chinchilla's best size and tokens, by the refit of Besiroglu et al.",
    formula: 'lowest L = 1.8169 + 482.01 / N^0.3478 + 2085.43 / D^0.3658 where 6 N D = C',
    source: 'Besiroglu et al. 2024, arXiv 2404.10102; Hoffmann et al. 2022, arXiv 2203.15556, equation 4',
    rangeSource: 'the 240 points behind the fit, in github.com/epoch-research/analyzing-chinchilla',
    inputs: { flops: { meaning: 'FLOPs of training, 6 N D', low: 1.4e18, high: 1.3e22 } },
    conventions: {
      loss: 'on MassiveText in tokens of Gopher',
      parameters: 'with embeddings',
      flops: 'as 6 N D with embeddings in N',
    },
    outputs: { parameters: 'parameters, embeddings included', tokens: 'training tokens', loss: lossOutput },
  },
  ({ flops }) => ({ ...optimalAllocation(refitted, flops) }),
);
