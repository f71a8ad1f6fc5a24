import type { EngineOptions } from './engine-options.ts';

/** An engine option as tables show it. */
export interface EngineOptionRecord {
  readonly name: keyof EngineOptions;
  /** Its default as a table shows it. */
  readonly default: string;
  readonly description: string;
}

/** Every engine option with its meaning, in the order of tables. */
export const engineOptionRecords: readonly EngineOptionRecord[] = [
  {
    name: 'clipGlobalNorm',
    default: 'off',
    description: 'Scales all gradients so that their global norm is at most this',
  },
  {
    name: 'clipEpsilon',
    default: '`1e-6`',
    description: 'Added to the global norm that `clipGlobalNorm` divides by',
  },
  { name: 'clipValue', default: 'off', description: 'Brings every gradient element into ±`clipValue`' },
  {
    name: 'accumulationSteps',
    default: '`1`',
    description: 'Calls of `applyGradients` that make one step with their mean',
  },
  { name: 'maximize', default: '`false`', description: 'Climbs instead of descending' },
  {
    name: 'skipNonFinite',
    default: '`false`',
    description: 'Skips and counts steps and micro-batches whose gradients hold NaN or an infinity',
  },
  {
    name: 'lazyRows',
    default: 'off',
    description: 'Selects matrices of which only rows with a gradient are updated (as LazyAdam)',
  },
  {
    name: 'gradientFilter',
    default: 'off',
    description:
      "Adds the slow part of the gradients: `{ kind: 'average' }` or `{ kind: 'window' }` (Grokfast)",
  },
  {
    name: 'cautious',
    default: 'off',
    description: "Keeps updates only where they go against the gradient: `'mean'` or `'count'`",
  },
  {
    name: 'averageDecay',
    default: 'off',
    description: 'Decay of a moving average of the parameters, for `swapInAverage`',
  },
  {
    name: 'recordMetrics',
    default: '`false`',
    description: 'Records gradient, update and parameter norms for `metrics`',
  },
];
