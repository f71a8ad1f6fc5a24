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
 * Tests between the rows of a randomized complete block design (Fisher 1935): every row has a value in each block, as every
 * optimizer has a loss of each seed. With x_ij = row_i + block_j + residual, the residual variance is estimated from all rows
 * together, with (rows - 1)(blocks - 1) degrees of freedom: many more than two rows have alone, if all scatter alike. Of two
 * rows it is the paired t-test.
 * @returns the test of two rows by their indexes; `null` where it says nothing: one row or block, or no scatter
 */
export function blockTests(rows: readonly (readonly number[])[]): (a: number, b: number) => MeanTest | null {
  const blocks = rows[0]?.length ?? 0;
  if (rows.length < 2 || blocks < 2) return () => null;
  const degreesOfFreedom = (rows.length - 1) * (blocks - 1);
  const means = rows.map(mean);
  const all = mean(means);
  const blockMeans = rows[0]!.map((_, block) => mean(rows.map((row) => row[block]!)));
  const squares = rows.flatMap((row, index) =>
    row.map((value, block) => (value - means[index]! - blockMeans[block]! + all) ** 2),
  );
  const residual = squares.reduce((sum, square) => sum + square, 0) / degreesOfFreedom;
  const error = Math.sqrt((2 * residual) / blocks);
  return (a, b) => {
    if (rows[a]!.every((value, block) => value === rows[b]![block])) return { t: 0, degreesOfFreedom, p: 1 };
    if (error === 0) return null;
    const t = (means[a]! - means[b]!) / error;
    return { t, degreesOfFreedom, p: twoSidedProbability(t, degreesOfFreedom) };
  };
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
