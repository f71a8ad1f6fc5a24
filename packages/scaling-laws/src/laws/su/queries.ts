import type { QuerySpec } from '../../law/law.ts';

export const suQueries: readonly QuerySpec[] = [
  { name: 'parameters', meaning: 'size of the model, counted as the fitted ones were' },
  { name: 'steps', meaning: 'steps to train, for the loss after them', required: false },
  { name: 'loss', meaning: 'loss to reach, for the steps and tokens to it', required: false },
  { name: 'batchTokens', meaning: 'tokens per step', required: false },
];

export const suSuggestions: readonly QuerySpec[] = [
  { name: 'parameters', meaning: 'size of the model, counted as the fitted ones were' },
  { name: 'loss', meaning: 'loss to reach' },
];
