import { dot, norm } from './numbers.ts';

/**
 * Least squares for the constants in which a law is linear, the others held: a start that begins at the right height.
 *
 * @param columns What each constant is multiplied by, a list of values per constant
 * @returns One coefficient per column; a column that would need a coefficient of 0 or less gets a small positive one
 */
export function positiveLeastSquares(
  columns: readonly (readonly number[])[],
  observed: readonly number[],
): number[] {
  const size = columns.length;
  const rows = columns.map((column) => [...columns, observed].map((other) => dot(column, other)));
  for (let pivot = 0; pivot < size; pivot++) {
    const row = rows[pivot]!;
    // Columns that depend on each other leave nothing to divide by; the little keeps the coefficient finite.
    const divisor = row[pivot]! + 1e-12 * dot(columns[pivot]!, columns[pivot]!);
    for (let index = pivot; index <= size; index++) row[index]! /= divisor;
    for (let other = 0; other < size; other++) {
      if (other === pivot) continue;
      const factor = rows[other]![pivot]!;
      for (let index = pivot; index <= size; index++) rows[other]![index]! -= factor * row[index]!;
    }
  }
  const typical = norm(observed);
  return rows.map((row, index) => {
    const smallest = (1e-3 * typical) / norm(columns[index]!);
    return Number.isFinite(row[size]!) ? Math.max(row[size]!, smallest) : smallest;
  });
}
