import { groupsBy, groupsNear, leastBy } from '../../fitting/numbers.ts';

/** The two settings that a sweep varies. */
export const settingNames = ['learningRate', 'batchTokens'] as const;
export type SettingName = (typeof settingNames)[number];

/** A learning rate and a batch. */
export interface Settings {
  /** Peak learning rate. */
  readonly learningRate: number;
  /** Tokens per step. */
  readonly batchTokens: number;
}

/** One finished run of a sweep. */
export interface SweepRow extends Settings {
  readonly parameters: number;
  /** Training tokens. */
  readonly tokens: number;
  /** Final loss in nats per token. */
  readonly loss: number;
}

/** A model size and a number of training tokens. */
export type SweepPlace = Pick<SweepRow, 'parameters' | 'tokens'>;

/** The runs of one model size on one number of tokens. */
export interface SweepCell extends SweepPlace {
  readonly rows: readonly SweepRow[];
}

/** Numbers of tokens closer than this ratio are one: whole steps of different batches do not end alike. */
const sameTokens = 1.02;

/** Groups the runs of a sweep by model size and tokens, in ascending order of both. */
export function cellsOf(rows: readonly SweepRow[]): SweepCell[] {
  return groupsBy(rows, ({ parameters }) => parameters)
    .sort(([a], [b]) => a!.parameters - b!.parameters)
    .flatMap((ofSize) => groupsNear(ofSize, ({ tokens }) => tokens, sameTokens))
    .map((own) => ({ parameters: own[0]!.parameters, tokens: own[0]!.tokens, rows: own }));
}

/** The run of lowest loss. */
export function bestOf(rows: readonly SweepRow[]): SweepRow {
  return leastBy(rows, ({ loss }) => loss);
}

/** A run near to some settings. */
export interface NearestRun {
  readonly run: SweepRow;
  /** Its loss over the lowest of the cell, less 1. */
  readonly excess: number;
  /** Distance in natural logarithms of both settings; large where the sweep does not reach the settings. */
  readonly distance: number;
}

/** The run of a cell whose settings are nearest to given ones. */
export function nearestRun(rows: readonly SweepRow[], settings: Settings): NearestRun {
  const distanceTo = (row: SweepRow) =>
    Math.hypot(...settingNames.map((name) => Math.log(row[name] / settings[name])));
  const run = leastBy(rows, distanceTo);
  return { run, excess: run.loss / bestOf(rows).loss - 1, distance: distanceTo(run) };
}
