import type { Activation, ModelSize, Norm, PositionEncoding } from '@steepest/lm-models';
import { z } from 'zod';
import { scales } from './limits.ts';
import { distinct } from './option-shapes.ts';
import { phaseSettings, stepsReading } from './phases.ts';

const count = z.int().positive();
const fraction = z.number().min(0).max(1);
/** Beyond any model, and still counted exactly when squared. */
const width = z.int().positive().max(1_000_000);

// Listed here rather than imported, because importing a model loads all of TensorFlow.js, which the coordinator never needs.
const sizes = scales satisfies readonly ModelSize[];
const activations = [
  'gelu',
  'geluTanh',
  'silu',
  'relu',
  'geglu',
  'swiglu',
] as const satisfies readonly Activation[];
const norms = ['layerNorm', 'rmsNorm'] as const satisfies readonly Norm[];
const positionEncodings = ['rotary', 'learned'] as const satisfies readonly PositionEncoding[];
const architectures = ['zhao2024', 'gpt2', 'llama'] as const;

export const modelSettings = z.strictObject({
  size: z.enum(sizes),
  architecture: z.enum(architectures).optional(),
  modelWidth: width.optional(),
  layers: z.int().positive().max(10_000).optional(),
  heads: width.optional(),
  keyValueHeads: width.optional(),
  mlpWidth: width.optional(),
  qkNorm: z.boolean().optional(),
  zLoss: z.union([z.boolean(), z.number().min(0)]).optional(),
  tieEmbeddings: z.boolean().optional(),
  activation: z.enum(activations).optional(),
  norm: z.enum(norms).optional(),
  positions: z.enum(positionEncodings).optional(),
  biases: z.boolean().optional(),
});

const scheduleType = z.enum(['study', 'warmupStableDecay', 'constant', 'piecewiseLinear']);
const scheduleShares = {
  warmupFraction: fraction.optional(),
  decayFraction: fraction.optional(),
  startFactor: fraction.optional(),
  endFactor: fraction.optional(),
};
const scheduleShape = {
  ...scheduleShares,
  /** `[share of the steps, share of the peak]` of each corner of `piecewiseLinear`. */
  points: z
    .array(z.tuple([fraction, fraction]))
    .min(1)
    .optional(),
};
export const scheduleSettings = z.strictObject({ type: scheduleType.default('study'), ...scheduleShape });
export const scheduleOverride = z.strictObject({ type: scheduleType.optional(), ...scheduleShape });

const budgetShape = { steps: count.optional(), tokens: count.optional() };
const sweptBudget = z.strictObject({
  ...budgetShape,
  batchSize: count.optional(),
  contextLength: count.optional(),
});
export const budgetOverride = sweptBudget.extend({ phases: phaseSettings.optional() });

/** How long to train: by `steps`, or by the number of tokens that all steps together read. */
export const budgetSettings = z
  .strictObject({
    ...budgetShape,
    batchSize: count,
    contextLength: count,
    phases: phaseSettings.optional(),
  })
  .superRefine(({ steps, tokens }, context) => {
    if (steps === undefined && tokens === undefined) {
      context.addIssue({ code: 'custom', path: ['steps'], message: 'is missing; give steps, or tokens' });
    } else if (steps !== undefined && tokens !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['tokens'],
        message: 'says what steps says; give one of them',
      });
    }
  })
  .transform((budget) => ({ ...budget, steps: stepsOf(budget) }));

/** Steps of a budget: its own, or as many as read its tokens. */
export function stepsOf(budget: {
  readonly steps?: number | undefined;
  readonly tokens?: number | undefined;
  readonly batchSize: number;
  readonly contextLength: number;
  readonly phases?: z.output<typeof phaseSettings> | undefined;
}): number {
  const { steps, tokens = 0, ...reading } = budget;
  return steps ?? stepsReading(tokens, reading);
}

/** A grid over keys of model, schedule and budget, each named by its path, such as `schedule.warmupFraction`. */
export const sweepSettings = z.strictObject({
  ...gridsOf('model', modelSettings.shape),
  ...gridsOf('schedule', { type: scheduleType, ...scheduleShares }),
  ...gridsOf('budget', sweptBudget.shape),
});

function gridsOf(group: string, shape: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodType> {
  const grids = Object.entries(shape).map(([key, value]) => {
    const required = value instanceof z.ZodOptional ? (value.unwrap() as z.ZodType) : value;
    return [`${group}.${key}`, distinct(required).optional()];
  });
  return Object.fromEntries(grids);
}
