/** Product of two matrices in float64, each stored row-major or, if transposed, column-major. */
export function productInFloat64(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { m, k, n, transposeA, transposeB }: ProductShape,
): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) {
        sum += a[transposeA ? p * m + i : i * k + p]! * b[transposeB ? j * k + p : p * n + j]!;
      }
      c[i * n + j] = sum;
    }
  }
  return c;
}

export interface ProductShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}
