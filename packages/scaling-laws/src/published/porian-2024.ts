import { publishedLaw, settingOutputs } from './published-law.ts';

/** Porian et al. 2024, for about 20 tokens per parameter and a learning rate that does not decay. */
export const porianLaw = publishedLaw(
  {
    name: 'porian',
    title: 'the law of Porian et al.',
    formula: 'learningRate = 3.7 N^-0.36; batchTokens = 0.7576 N^0.703',
    source: 'Porian et al. 2024, arXiv 2406.19146',
    rangeSource: 'the model grid of the paper; its sweep of hyperparameters covers no more than that',
    inputs: {
      parameters: { meaning: 'parameters, the last layer included', low: 5e6, high: 9.01e8 },
    },
    conventions: { parameters: 'with the last layer and without the embedding' },
    outputs: settingOutputs,
  },
  ({ parameters }) => ({
    learningRate: 3.7 * parameters ** -0.36,
    batchTokens: 0.7576 * parameters ** 0.703,
  }),
);
