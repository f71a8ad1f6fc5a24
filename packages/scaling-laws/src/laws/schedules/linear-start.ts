import type { PointPrediction } from './curve-fit.ts';

/**
 * Least squares for the constants in which a law is linear, the others held: a start that begins at the right height.
 *
 * @param columns What each constant is multiplied by, a list of values a constant
 * @returns One coefficient a column; a column that would need a coefficient of 0 or less gets a small positive one
 */
export function positiveLeastSquares(
  columns: readonly (readonly number[])[],
  observed: readonly number[],
): number[] {
  const size = columns.length;
  const rows = columns.map((column) => [
    ...columns.map((other) => product(column, other)),
    product(column, observed),
  ]);
  for (let pivot = 0; pivot < size; pivot++) {
    const row = rows[pivot]!;
    // Columns that depend on each other leave nothing to divide by; the little keeps the coefficient finite.
    const divisor = row[pivot]! + 1e-12 * product(columns[pivot]!, columns[pivot]!);
    for (let index = pivot; index <= size; index++) row[index]! /= divisor;
    for (let other = 0; other < size; other++) {
      if (other === pivot) continue;
      const factor = rows[other]![pivot]!;
      for (let index = pivot; index <= size; index++) rows[other]![index]! -= factor * row[index]!;
    }
  }
  const typical = Math.sqrt(product(observed, observed));
  return rows.map((row, index) => {
    const smallest = (1e-3 * typical) / Math.sqrt(product(columns[index]!, columns[index]!));
    return Number.isFinite(row[size]!) ? Math.max(row[size]!, smallest) : smallest;
  });
}

/**
 * Logs of the three constants in which a law of curves is linear, its coordinates 0, 1 and 3, with the others held.
 *
 * @param place A place where these three are 1: there the derivatives by their logs are the terms themselves
 */
export function logCoefficients(
  predict: PointPrediction,
  place: Float64Array,
  losses: readonly number[],
): [number, number, number] {
  const derivatives = new Float64Array(place.length);
  const columns: number[][] = [[], [], []];
  losses.forEach((_, index) => {
    predict(index, place, derivatives);
    [0, 1, 3].forEach((entry, column) => {
      columns[column]!.push(derivatives[entry]!);
    });
  });
  return positiveLeastSquares(columns, losses).map(Math.log) as [number, number, number];
}

function product(first: readonly number[], second: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < first.length; index++) sum += first[index]! * second[index]!;
  return sum;
}
