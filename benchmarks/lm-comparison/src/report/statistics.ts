import { twoSidedProbability } from './student-t.ts';

/** Result of a t-test. */
export interface MeanTest {
  readonly t: number;
  readonly degreesOfFreedom: number;
  /** Two-sided. */
  readonly p: number;
}

/** Arithmetic mean; `NaN` of no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation of a sample, with n - 1; `null` of fewer than two values. */
export function standardDeviation(values: readonly number[]): number | null {
  return values.length < 2 ? null : Math.sqrt(variance(values));
}

/**
 * Student's paired t-test: is the mean of the differences, one of each pair, other than zero? A pair shares what both its
 * sides depend on, as two trials of one seed share their initial weights and the order of their data, and that then cancels.
 * Differences of exactly zero have p 1.
 * @returns `null` where the test says nothing: fewer than two pairs, or the same difference in each
 */
export function pairedTest(differences: readonly number[]): MeanTest | null {
  if (differences.length < 2) return null;
  const degreesOfFreedom = differences.length - 1;
  if (differences.every((difference) => difference === 0)) return { t: 0, degreesOfFreedom, p: 1 };
  const error = variance(differences) / differences.length;
  if (error === 0) return null;
  const t = mean(differences) / Math.sqrt(error);
  return { t, degreesOfFreedom, p: twoSidedProbability(t, degreesOfFreedom) };
}

/**
 * The first sample's values less those of the second, of the keys that both have.
 * @typeParam Key what makes a pair, the seed of a trial for one
 */
export function pairedDifferences<Key>(a: ReadonlyMap<Key, number>, b: ReadonlyMap<Key, number>): number[] {
  return [...a].flatMap(([key, value]) => (b.has(key) ? [value - b.get(key)!] : []));
}

/**
 * Holm's step-down correction (1979) of p-values for the number of tests: rejecting those whose corrected value is below
 * alpha keeps the probability of any false rejection below alpha.
 * @returns corrected p-values in the order given
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]!);
  const corrected = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, pValues[index]! * (pValues.length - rank)));
    corrected[index] = largest;
  });
  return corrected;
}

function variance(values: readonly number[]): number {
  const center = mean(values);
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
}
