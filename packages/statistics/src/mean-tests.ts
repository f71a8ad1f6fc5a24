import { mean, standardError } from './means.ts';
import { twoSidedProbability } from './student-t.ts';

/** Result of a t-test. */
export interface MeanTest {
  readonly t: number;
  readonly degreesOfFreedom: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * Student's paired t-test: is the mean of the differences, one of each pair, other than zero? A pair shares what both its
 * sides depend on, as two trials of one seed share their initial weights and the order of their data, and that then cancels.
 * Differences of exactly zero have p 1.
 * @returns `null` where the test says nothing: fewer than two pairs, or the same difference in each
 */
export function pairedTest(differences: readonly number[]): MeanTest | null {
  const error = standardError(differences);
  if (error === null) return null;
  const degreesOfFreedom = differences.length - 1;
  if (differences.every((difference) => difference === 0)) return { t: 0, degreesOfFreedom, p: 1 };
  if (error === 0) return null;
  const t = mean(differences) / error;
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
 * @param pValues `null` where there was no test: it stays, and does not count
 * @returns corrected p-values in the order given
 */
export function holm<P extends number | null>(pValues: readonly P[]): (number | Extract<P, null>)[] {
  const order = [...pValues.keys()]
    .filter((index) => pValues[index] !== null)
    .sort((a, b) => pValues[a]! - pValues[b]!);
  const corrected: (number | P)[] = [...pValues];
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, pValues[index]! * (order.length - rank)));
    corrected[index] = largest;
  });
  return corrected as (number | Extract<P, null>)[];
}
