import { z } from 'zod';
import { largestSeed, scales } from './limits.ts';
import { optimizerEntries } from './optimizer-entries.ts';
import { budgetSettings, modelSettings, scheduleSettings, sweepSettings } from './surroundings.ts';
import { description } from './text.ts';

const count = z.int().positive();

const paths = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

export const dataSettings = z
  .strictObject({
    source: z
      .union([
        z.literal('embedded'),
        z.strictObject({
          train: paths,
          validation: paths.optional(),
          textField: z.string().min(1).optional(),
        }),
        z.strictObject({ prepared: z.string().min(1) }),
      ])
      .default('embedded'),
    tokenizer: z.string().min(1).optional(),
    prune: count.optional(),
    validationFraction: z.number().gt(0).lt(1).optional(),
  })
  .check(({ value, issues }) => {
    if (!isPrepared(value.source)) return;
    for (const key of ['tokenizer', 'prune', 'validationFraction'] as const) {
      if (value[key] === undefined) continue;
      const message =
        'must be left out: prepared shards have a tokenizer and validation documents of their own';
      issues.push({ code: 'custom', path: [key], message, input: value[key] });
    }
  })
  .transform(({ source, tokenizer = 'embedded', ...rest }) =>
    isPrepared(source) ? { source } : { source, tokenizer, ...rest },
  );

function isPrepared(source: unknown): source is { readonly prepared: string } {
  return typeof source === 'object' && source !== null && 'prepared' in source;
}

export const evaluationSettings = z.strictObject({
  points: z.int().min(2).default(10),
  sequences: count.default(64),
});

const tune = z.strictObject({
  trials: count,
  start: z
    .record(z.string(), z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])))
    .optional(),
  stopHopeless: z
    .strictObject({ margin: z.number().positive(), after: z.number().min(0).max(1).default(0.2) })
    .optional(),
});

/**
 * What an experiment file may hold; unknown keys are errors everywhere. The optimizers are those loaded by now.
 * @param content The content of the file: what an optimizer may hold depends on what it is
 */
export const experimentSchema = (content: unknown) =>
  z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, {
      error: 'must be letters, digits, ".", "_" or "-", because it names the run folder',
    }),
    description: description.optional(),
    scale: z.enum(scales).optional(),
    model: modelSettings,
    data: dataSettings.prefault({}),
    schedule: scheduleSettings.prefault({}),
    budget: budgetSettings,
    evaluation: evaluationSettings.prefault({}),
    checkpoint: z.strictObject({ every: count.optional(), keep: count.default(1) }).prefault({}),
    record: z.literal('layers').optional(),
    seeds: z
      .array(z.int().min(0).max(largestSeed))
      .min(1)
      .default([1])
      .refine((seeds) => new Set(seeds).size === seeds.length, { error: 'must not repeat a seed' }),
    parallel: count.optional(),
    sweep: sweepSettings.optional(),
    tune: tune.optional(),
    optimizers: optimizerEntries((content as { optimizers?: unknown } | undefined)?.optimizers),
  });

/** A validated experiment with its defaults filled in. */
export type Experiment = z.output<ReturnType<typeof experimentSchema>>;
export type ModelSettings = Experiment['model'];
export type DataSettings = Experiment['data'];
export type ScheduleSettings = Experiment['schedule'];

/** The keys allowed at a path of a schema, for suggestions; empty where any value or none is expected. */
export function knownKeys(path: readonly PropertyKey[], schema: z.ZodType): string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) {
    return [...new Set(inner.options.flatMap((option) => knownKeys(path, option as z.ZodType)))];
  }
  const [head, ...rest] = path;
  if (inner instanceof z.ZodArray) return knownKeys(rest, inner.element as z.ZodType);
  if (inner instanceof z.ZodTuple) return knownKeys(rest, inner.def.items[Number(head)] as z.ZodType);
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
