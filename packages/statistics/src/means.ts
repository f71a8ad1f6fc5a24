import { studentT } from './student-t.ts';

/** Arithmetic mean; `NaN` of no values. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index]!;
  return sum / values.length;
}

/** Standard deviation of a sample, with n - 1; `null` of fewer than two values. */
export function standardDeviation(values: readonly number[]): number | null {
  return values.length < 2 ? null : Math.sqrt(variance(values));
}

/** Standard error of the mean of a sample; `null` of fewer than two values. */
export function standardError(values: readonly number[]): number | null {
  return values.length < 2 ? null : Math.sqrt(variance(values) / values.length);
}

/** Half of the width of Student's 95 % interval of a mean; `null` of fewer than two values. */
export function intervalReach(values: readonly number[]): number | null {
  const error = standardError(values);
  return error === null ? null : studentT(0.95, values.length - 1) * error;
}

function variance(values: readonly number[]): number {
  const center = mean(values);
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
}
