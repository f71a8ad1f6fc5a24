import type { Activation, ModelSize } from '@steepest/lm-models';
import { z } from 'zod';
import { optimizerGrids } from './optimizer-grids.ts';

const count = z.int().positive();
const fraction = z.number().min(0).max(1);

// Listed here rather than imported, because importing a model loads all of TensorFlow.js, which the coordinator never needs.
const sizes = [
  'nano',
  'micro',
  'mini',
  'small',
  '150m',
  '300m',
  '600m',
  '1.2b',
] as const satisfies readonly ModelSize[];
const activations = ['gelu', 'silu', 'relu'] as const satisfies readonly Activation[];

const model = z.strictObject({
  size: z.enum(sizes),
  modelWidth: count.optional(),
  layers: count.optional(),
  heads: count.optional(),
  mlpWidth: count.optional(),
  qkNorm: z.boolean().optional(),
  zLoss: z.union([z.boolean(), z.number().min(0)]).optional(),
  tieEmbeddings: z.boolean().optional(),
  activation: z.enum(activations).optional(),
});

const data = z.strictObject({
  source: z
    .union([
      z.literal('embedded'),
      z.strictObject({
        train: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
        validation: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
      }),
    ])
    .default('embedded'),
  tokenizer: z.string().min(1).default('embedded'),
  validationFraction: z.number().gt(0).lt(1).optional(),
});

const schedule = z.strictObject({
  type: z.enum(['study', 'warmupStableDecay', 'constant']).default('study'),
  warmupFraction: fraction.optional(),
  decayFraction: fraction.optional(),
  startFactor: fraction.optional(),
  endFactor: fraction.optional(),
});

/** What an experiment file may hold; unknown keys are errors everywhere. The optimizers are those loaded by now. */
export const experimentSchema = () =>
  z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, {
      error: 'must be letters, digits, ".", "_" or "-", because it names the run folder',
    }),
    description: z.string().optional(),
    model,
    data: data.prefault({}),
    schedule: schedule.prefault({}),
    budget: z.strictObject({ steps: count, batchSize: count, contextLength: count }),
    evaluation: z
      .strictObject({ points: z.int().min(2).default(10), sequences: count.default(64) })
      .prefault({}),
    checkpoint: z.strictObject({ every: count }).optional(),
    seeds: z
      .array(z.int().min(0))
      .min(1)
      .default([1])
      .refine((seeds) => new Set(seeds).size === seeds.length, { error: 'must not repeat a seed' }),
    parallel: count.optional(),
    optimizers: optimizerGrids(),
  });

/** A validated experiment with its defaults filled in. */
export type Experiment = z.output<ReturnType<typeof experimentSchema>>;
export type ModelSettings = Experiment['model'];
export type DataSettings = Experiment['data'];
export type ScheduleSettings = Experiment['schedule'];

/** The keys allowed at a path of the schema, for suggestions; empty where any value or none is expected. */
export function knownKeys(path: readonly PropertyKey[], schema: z.ZodType = experimentSchema()): string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) {
    return [...new Set(inner.options.flatMap((option) => knownKeys(path, option as z.ZodType)))];
  }
  const [head, ...rest] = path;
  if (inner instanceof z.ZodArray) return knownKeys(rest, inner.element as z.ZodType);
  if (!(inner instanceof z.ZodObject)) return [];
  if (head === undefined) return Object.keys(inner.shape);
  const next = inner.shape[String(head)] as z.ZodType | undefined;
  return next === undefined ? [] : knownKeys(rest, next);
}

function unwrap(schema: z.ZodType): z.ZodType {
  let current = schema;
  while (
    current instanceof z.ZodOptional ||
    current instanceof z.ZodDefault ||
    current instanceof z.ZodPrefault ||
    current instanceof z.ZodPipe
  ) {
    current = (current instanceof z.ZodPipe ? current.in : current.unwrap()) as z.ZodType;
  }
  return current;
}
