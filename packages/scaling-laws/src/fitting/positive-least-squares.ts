import { Matrix, solve } from 'ml-matrix';
import { norm } from './numbers.ts';

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
  const terms = new Matrix(columns.map((column) => [...column]));
  const normal = terms.mmul(terms.transpose());
  // Columns that depend on each other leave nothing to divide by; the little keeps the coefficients finite.
  for (let index = 0; index < normal.rows; index++)
    normal.set(index, index, normal.get(index, index) * (1 + 1e-12));
  const solution = solve(normal, terms.mmul(Matrix.columnVector(observed)), true).to1DArray();
  return solution.map((coefficient, index) => {
    const smallest = (1e-3 * norm(observed)) / norm(columns[index]!);
    return Number.isFinite(coefficient) ? Math.max(coefficient, smallest) : smallest;
  });
}
