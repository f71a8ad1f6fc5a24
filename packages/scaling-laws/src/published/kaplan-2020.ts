import { criticalBatch, type SuConstants, trajectoryLoss } from '../laws/su/trajectory.ts';
import { lossOutput, publishedLaw } from './published-law.ts';

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
    inputs: { loss: { meaning: lossOutput, low: 3, high: 10 } },
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
    outputs: { loss: lossOutput },
  },
  (query) => ({ loss: trajectoryLoss(kaplanConstants, query) }),
);
