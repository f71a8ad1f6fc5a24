import { quantile, standardDeviation } from '@steepest/statistics';
import { checkKeys, checkShare, checkWhole } from '../options.ts';
import { type Extent, groupsBy } from './numbers.ts';
import { randomFrom } from './random.ts';

/** What resampling says of one estimate. */
export interface Interval extends Extent {
  readonly median: number;
  /** Standard deviation over the resamples. */
  readonly standardError: number;
}

/** Options of {@link bootstrap}. */
export interface BootstrapOptions<Row> extends Pick<ResampleOptions<Row>, 'samples' | 'seed' | 'by'> {
  /** Share of the resamples inside the interval; by default 0.95. */
  readonly confidence?: number | undefined;
}

/** Share of the resamples whose estimate may fail before the intervals mean nothing. */
const mayFail = 0.1;

/**
 * Bootstrap percentile intervals (Efron 1979): the estimate is made again on resamples drawn with replacement.
 *
 * The same rows, seed and options draw the same resamples on every machine. A resample whose estimate throws or is not
 * finite is left out, as long as no more than a tenth are.
 *
 * @param estimate the numbers to bound, from a resample
 * @throws Error when an option is unknown or wrong, or too many estimates fail
 */
export function bootstrap<Row, T extends Record<string, number>>(
  rows: readonly Row[],
  estimate: (rows: readonly Row[]) => T,
  options: BootstrapOptions<Row>,
): Record<keyof T, Interval> {
  checkKeys('bootstrap', options, ['samples', 'seed', 'by', 'confidence']);
  const { confidence = 0.95, ...draws } = options;
  checkWhole('bootstrap', 'samples', draws.samples, 2);
  checkShare('bootstrap', 'confidence', confidence);
  const made = resample(rows, estimate, draws);
  const names = Object.keys(made[0]!) as (keyof T)[];
  const valuesOf = (name: keyof T) => made.map((numbers) => numbers[name]!);
  const intervals = names.map((name) => [name, intervalOf(valuesOf(name), confidence)]);
  return Object.fromEntries(intervals) as Record<keyof T, Interval>;
}

/** How {@link resample} draws. */
export interface ResampleOptions<Row> {
  /** Resamples to draw; 0 for none. */
  readonly samples: number;
  /** Seed of the draws, a whole number from 0. */
  readonly seed: number;
  /**
   * Group of a row; groups are drawn whole, as the checkpoints of one run must be. Rows are drawn one by one where some have
   * none, or all have the same.
   */
  readonly by?: ((row: Row) => string | undefined) | undefined;
  /** Stratum of a row; each keeps as many groups as it has. */
  readonly within?: ((row: Row) => unknown) | undefined;
}

/**
 * Estimates on resamples of rows drawn with replacement, in the order drawn; those that throw, or hold a number that is not
 * finite, are left out.
 *
 * @throws Error when more than a tenth of the estimates fail
 */
export function resample<Row, T>(
  rows: readonly Row[],
  estimate: (rows: readonly Row[]) => T,
  { samples, seed, by, within }: ResampleOptions<Row>,
): T[] {
  checkWhole('bootstrap', 'seed', seed, 0);
  if (rows.length === 0) throw new Error('bootstrap: there are no rows to resample');
  const strata = groupsBy(rows, within ?? (() => '')).map((stratum) => drawnTogether(stratum, by));
  const random = randomFrom(seed, 'bootstrap');
  const draws = Array.from({ length: samples }, () =>
    strata.flatMap((groups) => groups.flatMap(() => groups[random.below(groups.length)]!)),
  );
  return successes(draws.map((draw) => () => estimate(draw)));
}

/**
 * The estimates that do not throw and hold finite numbers only.
 *
 * @throws Error when more than a tenth of them fail
 */
export function successes<T>(estimates: readonly (() => T)[]): T[] {
  const made: T[] = [];
  let failure = '';
  for (const make of estimates) {
    try {
      const estimate = make();
      const bad = notFinite(estimate);
      if (bad === undefined) made.push(estimate);
      else failure ||= bad;
    } catch (error) {
      failure ||= (error as Error).message;
    }
  }
  const failed = estimates.length - made.length;
  if (failed > mayFail * estimates.length || (estimates.length > 0 && made.length < 2)) {
    throw new Error(
      `bootstrap: the estimate failed on ${failed} of ${estimates.length} resamples (${failure}); ` +
        'the data are too few for intervals',
    );
  }
  return made;
}

/** What is wrong with the first number in a value that is not finite. */
function notFinite(value: unknown, name = 'the estimate'): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${name} was ${value}`;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, entry] of Object.entries(value)) {
    const bad = notFinite(entry, key);
    if (bad !== undefined) return bad;
  }
  return undefined;
}

function drawnTogether<Row>(rows: readonly Row[], by: ResampleOptions<Row>['by']): Row[][] {
  const alone = rows.map((row) => [row]);
  if (by === undefined || rows.some((row) => by(row) === undefined)) return alone;
  const groups = groupsBy(rows, by);
  return groups.length === 1 ? alone : groups;
}

/** Percentile interval of estimates over resamples. */
export function intervalOf(values: readonly number[], confidence: number): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    low: quantile(sorted, (1 - confidence) / 2),
    median: quantile(sorted, 0.5),
    high: quantile(sorted, (1 + confidence) / 2),
    standardError: standardDeviation(values)!,
  };
}
