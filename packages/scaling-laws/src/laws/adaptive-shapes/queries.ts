import type { QuerySpec } from '../../law/law.ts';

export const adaptiveShapesQueries: readonly QuerySpec[] = [
  { name: 'flops', meaning: 'training compute' },
  {
    name: 'shape',
    meaning: 'shape to train in throughout; without it, the best changes of shape',
    required: false,
  },
];

export const adaptiveShapesSuggestions: readonly QuerySpec[] = [
  { name: 'flops', meaning: 'training compute to spend', required: false },
  { name: 'loss', meaning: 'loss to reach with the least compute', required: false },
];
