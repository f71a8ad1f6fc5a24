import type { QuerySpec } from '../../law/law.ts';

export const learningRateBatchSizeQueries: readonly QuerySpec[] = [
  { name: 'parameters', meaning: 'size of the model, counted as the fitted ones were' },
  { name: 'tokens', meaning: 'tokens to train it on' },
];
