import { checkKeys, checkShare, checkWhole } from '../options.ts';
import { randomFrom } from './random.ts';

/** What resampling says of one estimate. */
export interface Interval {
  readonly low: number;
  readonly median: number;
  readonly high: number;
  /** Standard deviation over the resamples. */
  readonly standardError: number;
}

/** Options of {@link bootstrap}. */
export interface BootstrapOptions<Row> {
  /** Resamples to draw. */
  readonly samples: number;
  /** Seed of the draws, a whole number from 0. */
  readonly seed: number;
  /** Group of a row; groups are drawn whole, as the checkpoints of one run must be. By default every row is its own. */
  readonly by?: ((row: Row) => string) | undefined;
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
  const { samples, seed, by, confidence = 0.95 } = options;
  checkWhole('bootstrap', 'samples', samples, 2);
  const groups = groupsOf(rows, by);
  const draws = resamplings(groups.length, samples, seed);
  return intervalsOf<T>(
    draws.map((draw) => () => estimate(draw.flatMap((group) => groups[group]!))),
    confidence,
  );
}

/**
 * Percentile intervals of estimates that are made one by one; the same rules for failures as {@link bootstrap}.
 *
 * @throws Error when more than a tenth of the estimates fail
 */
export function intervalsOf<T extends Record<string, number>>(
  estimates: readonly (() => T)[],
  confidence = 0.95,
): Record<keyof T, Interval> {
  checkShare('bootstrap', 'confidence', confidence);
  const made: T[] = [];
  let failure = '';
  for (const make of estimates) {
    try {
      const estimate = make();
      const bad = Object.entries(estimate).find(([, value]) => !Number.isFinite(value));
      if (bad) failure ||= `${bad[0]} was ${bad[1]}`;
      else made.push(estimate);
    } catch (error) {
      failure ||= (error as Error).message;
    }
  }
  const failed = estimates.length - made.length;
  if (failed > mayFail * estimates.length || made.length < 2) {
    throw new Error(
      `bootstrap: the estimate failed on ${failed} of ${estimates.length} resamples (${failure}); ` +
        'the data are too few for intervals',
    );
  }
  const names = Object.keys(made[0]!) as (keyof T)[];
  const entries = names.map((name) => [
    name,
    intervalOf(
      made.map((estimate) => estimate[name]!),
      confidence,
    ),
  ]);
  return Object.fromEntries(entries);
}

/** Indices drawn with replacement, `count` of `count`, for each resample; a pure function of its arguments. */
function resamplings(count: number, samples: number, seed: number): number[][] {
  checkWhole('bootstrap', 'seed', seed, 0);
  if (count === 0) throw new Error('bootstrap: there are no rows to resample');
  const random = randomFrom(seed, 'bootstrap');
  return Array.from({ length: samples }, () => Array.from({ length: count }, () => random.below(count)));
}

function groupsOf<Row>(rows: readonly Row[], by?: (row: Row) => string): Row[][] {
  if (!by) return rows.map((row) => [row]);
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = by(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}

/** Percentile interval of estimates over resamples. */
export function intervalOf(values: readonly number[], confidence: number): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    low: quantile(sorted, (1 - confidence) / 2),
    median: quantile(sorted, 0.5),
    high: quantile(sorted, (1 + confidence) / 2),
    standardError: Math.sqrt(squares / (values.length - 1)),
  };
}

/** Quantile of ascending values, linear between the two nearest (type 7 of Hyndman and Fan 1996, NumPy's default). */
export function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  return low + (place - below) * ((sorted[below + 1] ?? low) - low);
}
