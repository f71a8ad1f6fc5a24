import { publishedLaw } from './published-law.ts';

const outputs = {
  learningRate: 'peak learning rate of AdamW',
  batchTokens: 'tokens per step',
};

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
    outputs,
  },
  ({ parameters, tokens }) => ({
    learningRate: 1.79 * parameters ** -0.713 * tokens ** 0.307,
    batchTokens: 0.58 * tokens ** 0.571,
  }),
);

/** Porian et al. 2024, for about 20 tokens per parameter and a learning rate that does not decay. */
export const porianLaw = publishedLaw(
  {
    name: 'porian',
    title: 'the law of Porian et al.',
    formula: 'learningRate = 3.7 N^-0.36; batchTokens = 0.7576 N^0.703',
    source: 'Porian et al. 2024, arXiv 2406.19146',
    rangeSource: 'the model grid of the paper; its sweep of hyper-parameters covers no more than that',
    inputs: {
      parameters: { meaning: 'parameters, the last layer included', low: 5e6, high: 9.01e8 },
    },
    conventions: { parameters: 'with the last layer and without the embedding' },
    outputs,
  },
  ({ parameters }) => ({
    learningRate: 3.7 * parameters ** -0.36,
    batchTokens: 0.7576 * parameters ** 0.703,
  }),
);

/** DeepSeek-AI 2024, for models and data balanced at each compute. */
export const deepSeekLaw = publishedLaw(
  {
    name: 'deepseek',
    title: 'the law of DeepSeek LLM',
    formula: 'learningRate = 0.3118 C^-0.1250; batchTokens = 0.2920 C^0.3271',
    source: 'DeepSeek-AI 2024, arXiv 2401.02954, equation 1',
    rangeSource: 'section 3.1: fitted on budgets of 1e17 to 2e19, and checked at 1e20',
    inputs: {
      compute: {
        meaning: 'FLOPs of training, without embeddings and with attention',
        low: 1e17,
        high: 2e19,
      },
    },
    conventions: { compute: 'without embeddings and with attention' },
    outputs,
  },
  ({ compute }) => ({
    learningRate: 0.3118 * compute ** -0.125,
    batchTokens: 0.292 * compute ** 0.3271,
  }),
);
