import { publishedLaw, settingOutputs } from './published-law.ts';

/** DeepSeek-AI 2024, for models and data balanced at each compute. */
export const deepSeekLaw = publishedLaw(
  {
    name: 'deepseek',
    title: 'the law of DeepSeek LLM',
    formula: 'learningRate = 0.3118 C^-0.1250; batchTokens = 0.2920 C^0.3271',
    source: 'DeepSeek-AI 2024, arXiv 2401.02954, equation 1',
    rangeSource: 'section 3.1: fitted on budgets of 1e17 to 2e19, and checked at 1e20',
    inputs: {
      flops: {
        meaning: 'FLOPs of training, without embeddings and with attention',
        low: 1e17,
        high: 2e19,
      },
    },
    conventions: { flops: 'without embeddings and with attention' },
    outputs: settingOutputs,
  },
  ({ flops }) => ({
    learningRate: 0.3118 * flops ** -0.125,
    batchTokens: 0.292 * flops ** 0.3271,
  }),
);
