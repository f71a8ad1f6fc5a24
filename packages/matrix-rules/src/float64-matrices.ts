/** The product of a [rows, inner] and an [inner, any] matrix, flat and row-major. */
export function product(left: Float64Array, right: Float64Array, rows: number, inner: number): Float64Array {
  const columns = right.length / inner;
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inner; k++) {
      const factor = left[row * inner + k]!;
      for (let column = 0; column < columns; column++) {
        result[row * columns + column]! += factor * right[k * columns + column]!;
      }
    }
  }
  return result;
}

/** The transpose of a [rows, columns] matrix, flat and row-major. */
export function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = matrix[row * columns + column]!;
    }
  }
  return result;
}
