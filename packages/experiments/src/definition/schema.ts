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
          train: paths.describe(
            'Files or folders of plain text, JSON lines or Parquet, relative to this file',
          ),
          validation: paths
            .optional()
            .describe('The same for validation; without it some of `train` is kept for it'),
          textField: z
            .string()
            .min(1)
            .optional()
            .describe('Field of a JSON line or a Parquet row that holds the text'),
        }),
        z.strictObject({
          prepared: z.string().min(1).describe('Folder of token shards that `steepest data prepare` wrote'),
        }),
      ])
      .default('embedded')
      .describe('The text: `embedded`, your own files, or prepared token shards'),
    tokenizer: z
      .string()
      .min(1)
      .optional()
      .describe('`embedded`, the default, or the path of a tokenizer.json, relative to this file'),
    prune: count
      .optional()
      .describe('Pieces that are left of a unigram tokenizer, so that a small model is not all embedding'),
    validationFraction: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe('Share of the documents kept for validation where the source has no others; 0.05 by default'),
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
  points: z.int().min(2).default(10).describe('Evaluations, spread over the run on a logarithmic scale'),
  sequences: count.default(64).describe('Validation sequences, the same for every trial'),
});

const tune = z.strictObject({
  trials: count.describe('Settings that each optimizer may try'),
  start: z
    .record(z.string(), z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])))
    .optional()
    .describe('Values to begin with, by optimizer; without it the middle of every list'),
  stopHopeless: z
    .strictObject({
      margin: z.number().positive().describe('Nats above the best trial at the same step'),
      after: z
        .number()
        .min(0)
        .max(1)
        .default(0.2)
        .describe('Share of the steps before which no trial is stopped'),
    })
    .optional()
    .describe('Gives up trials that are far above the best one of their optimizer'),
});

/**
 * What an experiment file may hold; unknown keys are errors everywhere. The optimizers are those loaded by now.
 * @param content The content of the file: what an optimizer may hold depends on what it is
 */
export const experimentSchema = (content: unknown) =>
  z.strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]*$/i, {
        error: 'must be letters, digits, ".", "_" or "-", because it names the run folder',
      })
      .describe('Names the run folder, `runs/<name>`'),
    description: description.optional().describe('What it compares, for lists and reports'),
    scale: z
      .enum(scales)
      .optional()
      .describe('Model, budget and evaluation of a size; keys in the file override those of the scale'),
    model: modelSettings.describe('The decoder-only transformer that every trial trains'),
    data: dataSettings.prefault({}).describe('The text and its tokenizer'),
    schedule: scheduleSettings.prefault({}).describe('The learning rate over the course of a run'),
    budget: budgetSettings.describe('How long to train, on batches of which shape'),
    evaluation: evaluationSettings
      .prefault({})
      .describe('When and on how much the validation loss is measured'),
    checkpoint: z
      .strictObject({
        every: count.optional().describe('Steps between checkpoints; a tenth of the run without it'),
        keep: count.default(1).describe('Checkpoints to keep, to fall back to when one is damaged'),
      })
      .prefault({})
      .describe('From where an interrupted trial continues'),
    record: z
      .literal('layers')
      .optional()
      .describe('Norms and effective learning rates by role of the parameters, at every step'),
    seeds: z
      .array(z.int().min(0).max(largestSeed))
      .min(1)
      .default([1])
      .refine((seeds) => new Set(seeds).size === seeds.length, { error: 'must not repeat a seed' })
      .describe('Each setting is trained once with each: initial weights and order of the data'),
    parallel: count.optional().describe('Trials side by side; one per core without it'),
    extend: z
      .boolean()
      .optional()
      .describe(
        'Continues each list whose best value is its lowest or highest, until it is not or the next one diverges',
      ),
    confirm: z
      .array(z.int().min(0).max(largestSeed))
      .refine((seeds) => new Set(seeds).size === seeds.length, { error: 'must not repeat a seed' })
      .optional()
      .describe('Seeds with which each best setting is trained again: those that chose it flatter it'),
    sweep: sweepSettings
      .optional()
      .describe('A grid over keys of model, schedule and budget, for every optimizer'),
    tune: tune.optional().describe('What `steepest tune` does with the grids'),
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
