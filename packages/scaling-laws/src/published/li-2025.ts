import { publishedLaw, settingOutputs } from './published-law.ts';

/** Li et al. 2025: the learning rate falls with the model and rises with the data, the batch rises with the data. */
export const stepLaw = publishedLaw(
  {
    name: 'step-law',
    title: 'Step Law',
    formula: 'learningRate = 1.79 N^-0.713 D^0.307; batchTokens = 0.58 D^0.571',
    source: 'Li et al. 2025, arXiv 2503.04715',
    rangeSource: 'the dense runs in the data folder of github.com/step-law/steplaw',
    inputs: {
      parameters: { meaning: 'parameters without embeddings', low: 214_663_680, high: 1_073_741_824 },
      tokens: { meaning: 'training tokens', low: 4e9, high: 1e11 },
    },
    conventions: { parameters: 'without embeddings' },
    outputs: settingOutputs,
  },
  ({ parameters, tokens }) => ({
    learningRate: 1.79 * parameters ** -0.713 * tokens ** 0.307,
    batchTokens: 0.58 * tokens ** 0.571,
  }),
);
