import { twoSidedProbability } from './student-t.ts';

/** Result of a test that two samples have the same mean. */
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
 * Welch's t-test (1947): do two samples, whose variances may differ, have different means?
 * t = (mean a - mean b) / sqrt(s_a^2/n_a + s_b^2/n_b), with the degrees of freedom of Welch and Satterthwaite.
 * @returns `null` where the test says nothing: fewer than two values in a sample, or no spread in either
 */
export function welchTest(a: readonly number[], b: readonly number[]): MeanTest | null {
  if (a.length < 2 || b.length < 2) return null;
  const errorA = variance(a) / a.length;
  const errorB = variance(b) / b.length;
  const error = errorA + errorB;
  if (error === 0) return null;
  const t = (mean(a) - mean(b)) / Math.sqrt(error);
  const degreesOfFreedom = error ** 2 / (errorA ** 2 / (a.length - 1) + errorB ** 2 / (b.length - 1));
  return { t, degreesOfFreedom, p: twoSidedProbability(t, degreesOfFreedom) };
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
