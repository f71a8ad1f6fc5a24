import { chinchillaLoss, optimalAllocation } from '../chinchilla.ts';
import { criticalBatch, type SuConstants, trajectoryLoss } from '../su/trajectory.ts';
import { publishedLaw } from './published-law.ts';

const loss = 'nats per token, on the text and the tokenizer of the source';

/** Kaplan et al. 2020, table 3 and equation 5.3. */
const kaplanConstants: SuConstants = {
  Nc: 6.5e13,
  alphaN: 0.077,
  Sc: 2.1e3,
  alphaS: 0.76,
  Bstar: 2e8,
  alphaB: 0.21,
};

/** Kaplan et al. 2020: the batch beyond which more sequences per step save hardly any steps. */
export const kaplanCriticalBatch = publishedLaw(
  {
    name: 'kaplan-critical-batch',
    title: "Kaplan et al.'s critical batch",
    formula: 'batchTokens = 2e8 / L^(1 / 0.21)',
    source: 'Kaplan et al. 2020, arXiv 2001.08361, equation 5.3',
    rangeSource: 'figure 10: measured between losses of 10 and 3',
    inputs: { loss: { meaning: loss, low: 3, high: 10 } },
    conventions: { loss: 'on WebText2 in tokens of GPT-2' },
    outputs: { batchTokens: 'critical batch, tokens per step' },
  },
  (query) => ({ batchTokens: criticalBatch(kaplanConstants, query.loss) }),
);

/** Kaplan et al. 2020: the loss on the way, for any batch. */
export const kaplanTrajectory = publishedLaw(
  {
    name: 'kaplan-trajectory',
    title: "Kaplan et al.'s learning curves",
    formula: 'L = (6.5e13 / N)^0.077 + (2.1e3 (1 + Bcrit(L) / B) / S)^0.76, Bcrit(L) = 2e8 / L^(1 / 0.21)',
    source: 'Kaplan et al. 2020, arXiv 2001.08361, equations 1.6, 5.3 and 5.4 and table 3',
    rangeSource: 'sections 2.2 and 3: steps after the warm-up; the batch was varied little but for figure 10',
    inputs: {
      parameters: { meaning: 'parameters without embeddings', low: 768, high: 1.5e9 },
      steps: { meaning: 'steps done', low: 3_000, high: 250_000 },
      batchTokens: { meaning: 'tokens per step', low: 3e3, high: 2 ** 19 },
    },
    conventions: { loss: 'on WebText2 in tokens of GPT-2', parameters: 'without embeddings' },
    outputs: { loss },
  },
  (query) => ({ loss: trajectoryLoss(kaplanConstants, query) }),
);

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
    outputs: { loss },
  },
  (run) => ({ loss: chinchillaLoss(printed, run) }),
);

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
    outputs: { loss },
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
    inputs: { compute: { meaning: 'FLOPs of training, 6 N D', low: 1.4e18, high: 1.3e22 } },
    conventions: {
      loss: 'on MassiveText in tokens of Gopher',
      parameters: 'with embeddings',
      compute: 'as 6 N D with embeddings in N',
    },
    outputs: { parameters: 'parameters, embeddings included', tokens: 'training tokens', loss },
  },
  ({ compute }) => ({ ...optimalAllocation(refitted, compute) }),
);
