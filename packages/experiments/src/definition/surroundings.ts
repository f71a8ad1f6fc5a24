import type { Activation, ModelSize, Norm, PositionEncoding } from '@steepest/lm-models';
import { type RunShapeType, runShapeDefaults } from '@steepest/lr-schedules';
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
  size: z.enum(sizes).describe('Its widths and depth; the other keys change it'),
  architecture: z
    .enum(architectures)
    .optional()
    .describe('Its kind: Zhao et al. 2024 (the default), GPT-2 or Llama'),
  modelWidth: width.optional().describe('Width of the residual stream'),
  layers: z.int().positive().max(10_000).optional().describe('Blocks of attention and MLP'),
  heads: width.optional().describe('Attention heads'),
  keyValueHeads: width.optional().describe('Heads of keys and values, shared among the attention heads'),
  mlpWidth: width.optional().describe('Inner width of the MLP'),
  qkNorm: z.boolean().optional().describe('Normalizes queries and keys'),
  zLoss: z
    .union([z.boolean(), z.number().min(0)])
    .optional()
    .describe('Keeps the logits small: on, off, or its weight'),
  tieEmbeddings: z.boolean().optional().describe('The head is the embedding, transposed'),
  activation: z.enum(activations).optional().describe('Nonlinearity of the MLP'),
  norm: z.enum(norms).optional().describe('Normalization of the residual stream'),
  positions: z.enum(positionEncodings).optional().describe('How positions are told'),
  biases: z.boolean().optional().describe('Biases of linear maps and norms'),
});

const scheduleType = z
  .enum(Object.keys(runShapeDefaults) as [RunShapeType, ...RunShapeType[]])
  .describe('`study` is a warm-up from a tenth of the peak and a cosine to a tenth');
const scheduleShares = {
  warmupFraction: fraction
    .optional()
    .describe('Share of the steps over which the rate rises; 0.1 by default, and 0 for `constant`'),
  decayFraction: fraction
    .optional()
    .describe('Share of the steps over which `warmupStableDecay` falls; 0.2 by default'),
  startFactor: fraction
    .optional()
    .describe('Share of the peak from which the warm-up rises; 0.1 for `study`, else 0 by default'),
  endFactor: fraction
    .optional()
    .describe('Share of the peak at which the decay ends; 0.1 for `study`, else 0 by default'),
};
const scheduleShape = {
  ...scheduleShares,
  /** `[share of the steps, share of the peak]` of each corner of `piecewiseLinear`. */
  points: z
    .array(z.tuple([fraction, fraction]))
    .min(1)
    .optional()
    .describe('Corners of `piecewiseLinear`: `[share of the steps, share of the peak]`'),
};
export const scheduleSettings = z.strictObject({ type: scheduleType.default('study'), ...scheduleShape });
export const scheduleOverride = z.strictObject({ type: scheduleType.optional(), ...scheduleShape });

const batchSize = count.describe('Sequences per step');
const contextLength = count.describe('Tokens per sequence');
const budgetShape = {
  steps: count.optional().describe('Steps of a run'),
  tokens: count.optional().describe('Tokens that all steps together read, in place of `steps`'),
};
const phases = phaseSettings.optional().describe('Shapes of the batches one after another');
const sweptBudget = z.strictObject({
  ...budgetShape,
  batchSize: batchSize.optional(),
  contextLength: contextLength.optional(),
});
export const budgetOverride = sweptBudget.extend({ phases });

/** How long to train: by `steps`, or by the number of tokens that all steps together read. */
export const budgetSettings = z
  .strictObject({
    ...budgetShape,
    batchSize,
    contextLength,
    phases,
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
