import type { QuerySpec } from '../../law.ts';

export const chinchillaQueries: readonly QuerySpec[] = [
  { name: 'parameters', meaning: 'size of the model' },
  { name: 'tokens', meaning: 'tokens to train it on' },
];

export const chinchillaSuggestions: readonly QuerySpec[] = [
  { name: 'flops', meaning: 'training compute to spend', required: false },
  { name: 'loss', meaning: 'loss to reach with the least compute', required: false },
];
