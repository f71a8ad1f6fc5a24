import {
  type OptimizerRecipe,
  type ResolvedOptimizer,
  resolveOptimizer,
  type TrialOrigin,
  type Tuning,
} from '@steepest/experiments';
import {
  areOneLoss,
  isObject,
  type Json,
  measureName,
  printable,
  printableLines,
  printableValues,
  RunError,
} from '@steepest/run-files';
import { z } from 'zod';
import type { Results, TrialResult } from './results.ts';

const text = z.string().max(10_000).transform(printable);
const number = z.number().nullable();
const scalar = z.union([z.number(), text, z.boolean(), z.null()]);
const settings = z.record(text, z.json()).transform(printableValues);
const statuses = ['finished', 'diverged', 'stopped', 'failed', 'interrupted', 'running'] as const;

const match = z.record(text, z.union([text, z.array(text)]));
const options = z.record(text, z.json()).transform(printableValues);
const resolved = z.object({
  members: z
    .array(
      z.object({
        optimizer: text,
        title: text,
        match: match.optional(),
        options,
        groups: z.array(z.looseObject({ match }).transform(printableValues)),
      }),
    )
    .min(1),
  clipGlobalNorm: number,
  refreshEvery: number,
  peakLearningRate: z.number().positive(),
  decayLeftOut: z.object({ weightDecay: z.number(), weightDecayMode: text }).optional(),
});

const point = z.object({
  step: z.number().min(0),
  tokens: z.number(),
  flops: z.number().optional(),
  seconds: z.number(),
  loss: number,
});

/** Of a curve whose steps do not ascend, the last point would not be the last evaluation. */
const curveOf = z
  .array(point)
  .refine((points) => points.every(({ step }, index) => index === 0 || step > points[index - 1]!.step), {
    error: 'the steps do not ascend',
  });

const machine = z.object({ cpu: text, cores: z.number(), node: text }).nullable();
const origin = z.object({ results: text, date: text.nullable(), machine });

const trial = z
  .object({
    id: text,
    optimizer: text,
    settings,
    variation: settings,
    seed: number,
    confirmation: z.literal(true).optional(),
    status: z.enum(statuses),
    reason: z.string().max(10_000).transform(printableLines).optional(),
    steps: number,
    tokens: number,
    parameters: number,
    seconds: number,
    initialValidationLoss: number,
    bestValidationLoss: number,
    finalValidationLoss: number,
    finalTrainLoss: number,
    tokensPerSecond: number,
    threads: z.object({ least: z.number(), most: z.number() }).optional(),
    millisecondsPerStep: number,
    optimizerMillisecondsPerStep: number,
    stateBytesPerParameter: number,
    resolved: resolved.nullable().default(null),
    flopsPerToken: number.default(null),
    vocabularySize: number.default(null),
    blockParameters: number.default(null),
    versions: z.record(text, text).optional(),
    takenFrom: origin.optional(),
    curve: z.object({ train: curveOf, validation: curveOf }),
    layers: z
      .record(z.string().regex(measureName), z.array(z.record(z.string().regex(measureName), z.number())))
      .optional(),
  })
  .refine(
    ({ status, finalValidationLoss, curve }) =>
      status !== 'finished' || areOneLoss(finalValidationLoss, curve.validation.at(-1)?.loss ?? null),
    { error: 'the final validation loss is not that of the last evaluation', path: ['finalValidationLoss'] },
  );

const settingPoint = z.record(text, scalar);
const tuning = z.object({
  schemaVersion: z.literal(1),
  experiment: text,
  optimizers: z.array(
    z.object({
      name: text,
      title: text,
      best: settingPoint.nullable(),
      loss: number,
      settings: z.number(),
      settled: z.boolean(),
      trials: z.object({
        finished: z.number(),
        diverged: z.number(),
        stopped: z.number(),
        failed: z.number(),
      }),
      moves: z.array(z.object({ point: settingPoint, loss: z.number(), trials: z.number() })),
      rows: z.array(
        z.object({
          key: text,
          value: scalar,
          loss: number,
          difference: number,
          tried: z.boolean(),
          best: z.boolean(),
        }),
      ),
    }),
  ),
});

export const baselines = z.object({
  unigram: z.number(),
  bigram: z.number(),
  trigram: z.number(),
  trainTokens: z.number(),
  validationTokens: z.number(),
});

const json = z.json().transform(printableValues);
/** What is read of a results.json: what was observed. Everything that follows from it is computed anew. */
const observed = z.object({
  schemaVersion: z.literal(1),
  experiment: z.object({
    name: text,
    description: text.optional(),
    model: json.optional(),
    budget: json.optional(),
  }),
  backend: z.object({ name: text, reason: text }).nullable(),
  machine,
  baselines: baselines.nullable().default(null),
  date: text.nullable(),
  shared: z.object({
    model: json.optional(),
    data: json.optional(),
    schedule: json.optional(),
    budget: json.optional(),
    evaluation: json.optional(),
    versions: json.optional(),
    textHash: text.optional(),
    differing: z.array(text),
  }),
  optimizers: z.array(z.object({ name: text, title: text })),
  trials: z.array(trial),
  plannedTrials: z.number().int().nonnegative().optional(),
  trialsFollow: z.boolean().optional(),
  tuning: tuning.optional(),
});

/** A trial that no optimizer of the list has would be left out without a word, and of two of one name only one would be found. */
const results = observed.superRefine(({ optimizers, trials }, context) => {
  const refuse = (message: string, path: (string | number)[]) =>
    context.addIssue({ code: 'custom', message, path });
  const names = new Set(optimizers.map(({ name }) => name));
  const twice = repeated(optimizers.map(({ name }) => name));
  if (twice >= 0) refuse('names an optimizer twice', ['optimizers', twice, 'name']);
  const again = repeated(trials.map(({ id }) => id));
  if (again >= 0) refuse('is the id of a trial before it', ['trials', again, 'id']);
  const stray = trials.findIndex(({ optimizer }) => !names.has(optimizer));
  if (stray >= 0) refuse('is none of the optimizers', ['trials', stray, 'optimizer']);
});

/** Index of the first value that is the same as one before it; -1 where all differ. */
function repeated(values: readonly string[]): number {
  const seen = new Set<string>();
  return values.findIndex((value) => seen.size === seen.add(value).size);
}

/** What a results.json says was observed. */
export type KeptResults = Pick<
  Results,
  | 'schemaVersion'
  | 'experiment'
  | 'backend'
  | 'machine'
  | 'baselines'
  | 'date'
  | 'shared'
  | 'plannedTrials'
  | 'trialsFollow'
> & {
  readonly optimizers: readonly { readonly name: string; readonly title: string }[];
  readonly trials: readonly TrialResult[];
  readonly tuning?: Tuning;
};

/**
 * The content of a results.json, which may be anyone's: its numbers are numbers, its texts printable.
 * @throws RunError naming the file and the first thing that is wrong
 */
export function readKeptResults(content: Json, file: string): KeptResults {
  return checked(
    results,
    content,
    file,
    'was written by another version of the report, or is damaged',
  ) as KeptResults;
}

/**
 * The content of a tune.json.
 * @throws RunError naming the file and the first thing that is wrong
 */
export function readTuningFile(content: Json, file: string): Tuning {
  return checked(tuning, content, file, 'is not a tuning of this version') as Tuning;
}

/** Where a trial was taken from, as its config.json says. */
export function readOrigin({ takenFrom }: Json): { takenFrom?: TrialOrigin } {
  const read = origin.safeParse(takenFrom);
  return read.success ? { takenFrom: read.data } : {};
}

/** What ran in a trial: as its config.json says, or by its recipe where an earlier version wrote it. */
export function readResolved({ resolved: recorded, recipe }: Json): ResolvedOptimizer | null {
  const read = resolved.safeParse(recorded);
  if (read.success) return read.data as ResolvedOptimizer;
  if (!isObject(recipe)) return null;
  try {
    return resolveOptimizer(recipe as unknown as OptimizerRecipe);
  } catch {
    // Of another program, or of an optimizer that is not installed here.
    return null;
  }
}

function checked(schema: z.ZodType, content: Json, file: string, otherwise: string): unknown {
  const read = schema.safeParse(content);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0]!;
  throw new RunError(
    `${file} ${otherwise}: ${printable(path.join('.')) || 'its content'}: ${printable(message)}`,
  );
}
