import { type RunShapeType, runShapeDefaults } from '@steepest/lr-schedules';
import {
  areOneLoss,
  type CurvePoint,
  finite,
  isObject,
  type Json,
  type TrainingLine,
} from '@steepest/run-files';
import { describeValue } from '../options.ts';
import { type Cell, Table } from './table.ts';

/** What a table takes from one training run, however it was recorded. */
export interface RunRecord extends Readonly<ReturnType<typeof recordedNumbers>> {
  readonly run: string;
  readonly status: string;
  /** FLOPs of training on one token, where they are recorded. */
  readonly flopsPerToken: number | null;
  /** FLOPs of the whole run, where it counted them itself. */
  readonly flops?: number | null | undefined;
  /** Settings by dotted name, such as `schedule.type`. */
  readonly settings: Readonly<Record<string, Cell>>;
  readonly training: readonly LoggedPoint[];
  readonly validation: readonly LoggedPoint[];
}

/** A logged point of a run; a line of training has its rate. */
type LoggedPoint = Omit<CurvePoint, 'seconds'> & Partial<Pick<TrainingLine, 'learningRate'>>;

/** Which rows to make of runs. */
export interface RunTableOptions {
  /** `final`, the default: a row a run. `validation` and `training`: a row for each logged loss of that curve. */
  readonly points?: 'final' | 'validation' | 'training' | undefined;
  /** Take only the runs that finished (the default), or all of them, diverged ones with no loss. */
  readonly status?: 'finished' | 'all' | undefined;
}

/** What two places say of one number shows that one of them was changed. */
function requireOneLoss(source: string, { run, status, steps, loss, validation }: RunRecord): void {
  const last = validation.find(({ step }) => step === steps)?.loss ?? null;
  if (status !== 'finished' || areOneLoss(loss, last)) return;
  throw new Error(
    `${source}: run ${JSON.stringify(run)} has a final loss of ${loss}, and ${last} in its last evaluation: a file was changed`,
  );
}

/**
 * A table of runs.
 *
 * @throws Error when no run is left, or one that finished has another final loss than its last evaluation
 */
export function tableOfRuns(
  source: string,
  runs: readonly RunRecord[],
  options: RunTableOptions = {},
): Table {
  const { points = 'final', status = 'finished' } = options;
  const taken = status === 'all' ? runs : runs.filter((run) => run.status === 'finished');
  if (taken.length === 0) {
    const states = [...new Set(runs.map((run) => run.status))].join(', ');
    throw new Error(
      runs.length === 0 ? `${source}: there are no runs` : `${source}: no run has finished (${states})`,
    );
  }
  for (const run of taken) requireOneLoss(source, run);
  const placed = taken.flatMap((run) => {
    const [row, place] = [finalRow(run), `run ${JSON.stringify(run.run)}`];
    if (points === 'final') return [{ row, place }];
    const logged = run[points].filter(({ loss, tokens }) => loss !== null && tokens > 0);
    return logged.map((point) => ({
      row: { ...row, ...pointRow(run, point) },
      place: `${place}, step ${point.step}`,
    }));
  });
  if (placed.length === 0) throw new Error(`${source}: the runs have no ${points} losses`);
  return Table.fromRows(
    source,
    placed.map(({ row }) => row),
    placed.map(({ place }) => place),
  );
}

function finalRow(run: RunRecord): Record<string, Cell> {
  const { training, validation, settings, flopsPerToken, ...own } = run;
  return { ...settings, ...own, flops: run.flops ?? product(flopsPerToken, run.tokens) };
}

function pointRow(run: RunRecord, point: LoggedPoint): Record<string, Cell> {
  const { step, tokens, loss, learningRate } = point;
  return {
    step,
    tokens,
    loss,
    flops: point.flops ?? product(run.flopsPerToken, tokens),
    ...(learningRate === undefined ? {} : { scheduledLearningRate: learningRate }),
  };
}

function product(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a * b;
}

/**
 * The settings of a run as cells, from its config.json: `learningRate` and what else its optimizer was given under plain
 * names, everything else under dotted ones, lists as JSON; the warm-up that a schedule has by default; `batchTokens` and `contextLength` of its training batches, empty where they change
 * in the course of the run.
 */
export function settingsOf(config: Json): Record<string, Cell> {
  const { settings, budget, schemaVersion: _, recipe: __, versions: ___, ...rest } = config;
  return {
    ...warmupOf(config),
    ...flat('', rest),
    ...(isObject(budget) ? flat('budget.', budget) : {}),
    ...(isObject(settings) ? flat('', settings) : {}),
    ...(isObject(budget) ? batchesOf(budget) : {}),
  };
}

/** Share of a run that its schedule warms up in, where nobody says another. */
function warmupOf({ schedule }: Json): Record<string, Cell> {
  const type = isObject(schedule) ? (schedule.type as RunShapeType) : undefined;
  const warmupFraction = type === undefined ? undefined : runShapeDefaults[type]?.warmupFraction;
  return warmupFraction === undefined ? {} : { 'schedule.warmupFraction': warmupFraction };
}

function batchesOf(budget: Json): Record<string, Cell> {
  const phases = Array.isArray(budget.phases) ? (budget.phases as Json[]) : [budget];
  const contexts = phases.map(({ contextLength }) => finite(contextLength));
  const tokens = phases.map(({ batchSize }, index) => product(finite(batchSize), contexts[index]!));
  const cells = { contextLength: onlyOf(contexts), batchTokens: onlyOf(tokens) };
  const recorded = Object.entries(cells).filter(([, value]) => value !== null || phases.length > 1);
  return Object.fromEntries(recorded);
}

/** The one value that all are, if they are. */
function onlyOf(values: readonly (number | null)[]): number | null {
  return new Set(values).size === 1 ? values[0]! : null;
}

/** Numbers and texts under dotted names. */
function flat(prefix: string, value: Json): Record<string, Cell> {
  const cells = Object.entries(value).flatMap(([key, entry]): [string, Cell][] => {
    const name = `${prefix}${key}`;
    if (isObject(entry)) return Object.entries(flat(`${name}.`, entry));
    if (typeof entry === 'number' || typeof entry === 'string') return [[name, entry]];
    if (typeof entry === 'boolean') return [[name, String(entry)]];
    return Array.isArray(entry) ? [[name, JSON.stringify(entry)]] : [];
  });
  return Object.fromEntries(cells);
}

/**
 * The runs in a results.json that a comparison's report wrote.
 *
 * @throws Error when the value is not such a file's, or of another version
 */
export function runsOfResults(results: unknown, source: string): RunRecord[] {
  if (!isObject(results) || !Array.isArray(results.trials)) {
    throw new Error(`${source}: not the results of a comparison, which hold a list of trials`);
  }
  if (results.schemaVersion !== 1) {
    throw new Error(
      `${source}: has the format ${String(results.schemaVersion)}, this version reads format 1`,
    );
  }
  const { experiment, shared } = results;
  const common = { ...(isObject(experiment) ? experiment : {}), ...(isObject(shared) ? shared : {}) };
  const { name: _, description: __, differing: ___, ...settings } = common as Record<string, unknown>;
  return results.trials.map((trial, index) => {
    if (isObject(trial)) return runOf(trial, settings, `${source}[${index}]`);
    throw new Error(`${source}: trials[${index}] must be an object, got ${describeValue(trial)}`);
  });
}

function runOf(trial: Json, shared: Json, fallback: string): RunRecord {
  const curve = isObject(trial.curve) ? trial.curve : {};
  return {
    run: typeof trial.id === 'string' ? trial.id : fallback,
    status: String(trial.status),
    ...recordedNumbers(trial, trial),
    flopsPerToken: finite(trial.flopsPerToken),
    settings: settingsOf({ ...shared, ...nested(trial.variation), settings: trial.settings }),
    training: pointsOf(curve.train),
    validation: pointsOf(curve.validation),
  };
}

/** What the configuration and the summary of a run say under the same names wherever they are kept. */
export function recordedNumbers(config: Json, summary: Json) {
  return {
    optimizer: typeof config.optimizer === 'string' ? config.optimizer : null,
    seed: finite(config.seed),
    parameters: finite(summary.parameters),
    steps: finite(summary.steps),
    tokens: finite(summary.tokens),
    /** Of the last evaluation, nats/token. */
    loss: finite(summary.finalValidationLoss),
    trainLoss: finite(summary.finalTrainLoss),
    seconds: finite(summary.seconds),
  };
}

/** What varies between the trials comes under dotted names: `{ 'budget.steps': 100 }` is `{ budget: { steps: 100 } }`. */
function nested(variation: unknown): Json {
  const byFirst = new Map<string, Json>();
  const result = new Map<string, unknown>();
  for (const [path, value] of Object.entries(isObject(variation) ? variation : {})) {
    const [first = '', ...rest] = path.split('.');
    if (rest.length === 0) result.set(first, value);
    else byFirst.set(first, { ...byFirst.get(first), [rest.join('.')]: value });
  }
  for (const [first, inner] of byFirst) {
    const whole = result.get(first);
    result.set(first, { ...(isObject(whole) ? whole : {}), ...nested(inner) });
  }
  return Object.fromEntries(result);
}

function pointsOf(points: unknown): LoggedPoint[] {
  return (Array.isArray(points) ? points : []).filter(isObject).map(({ step, tokens, loss }) => ({
    step: finite(step) ?? 0,
    tokens: finite(tokens) ?? 0,
    loss: finite(loss),
  }));
}
