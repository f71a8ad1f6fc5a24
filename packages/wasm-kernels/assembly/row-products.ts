import { multiplyAdd } from './multiply-add';

/**
 * c (m x n) = bias + a (m x k) b^T for few rows of a, which would not repay a copy of b: every row of a and of b
 * (n x k) is read where it is, four rows of b at once. Rows lie the given bytes apart.
 */
export function rowProducts(
  a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, m: i32, n: i32, k: i32, bias: usize,
): void {
  for (let j = 0; j < n; j += 4) {
    const columns = min(n - j, 4);
    // Past the end the last row stands in.
    const b1 = b + <usize>min(1, columns - 1) * bRow;
    const b2 = b + <usize>min(2, columns - 1) * bRow;
    const b3 = b + <usize>min(3, columns - 1) * bRow;
    for (let i = 0; i < m; i++) {
      const row = a + <usize>i * aRow;
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      let p = 0;
      for (; p <= k - 4; p += 4) {
        const at = <usize>p << 2;
        const x = v128.load(row + at);
        s0 = multiplyAdd(x, v128.load(b + at), s0);
        s1 = multiplyAdd(x, v128.load(b1 + at), s1);
        s2 = multiplyAdd(x, v128.load(b2 + at), s2);
        s3 = multiplyAdd(x, v128.load(b3 + at), s3);
      }
      for (; p < k; p++) {
        const at = <usize>p << 2;
        const x = v128.load_zero<f32>(row + at);
        s0 = multiplyAdd(x, v128.load_zero<f32>(b + at), s0);
        s1 = multiplyAdd(x, v128.load_zero<f32>(b1 + at), s1);
        s2 = multiplyAdd(x, v128.load_zero<f32>(b2 + at), s2);
        s3 = multiplyAdd(x, v128.load_zero<f32>(b3 + at), s3);
      }
      const pairs01 = f32x4.add(v128.shuffle<f32>(s0, s1, 0, 4, 1, 5), v128.shuffle<f32>(s0, s1, 2, 6, 3, 7));
      const pairs23 = f32x4.add(v128.shuffle<f32>(s2, s3, 0, 4, 1, 5), v128.shuffle<f32>(s2, s3, 2, 6, 3, 7));
      const low = v128.shuffle<f32>(pairs01, pairs23, 0, 1, 4, 5);
      let sums = f32x4.add(low, v128.shuffle<f32>(pairs01, pairs23, 2, 3, 6, 7));
      const target = c + <usize>i * cRow + (<usize>j << 2);
      for (let column = 0; column < columns; column++) {
        const at = <usize>column << 2;
        const sum = f32x4.extract_lane(sums, 0);
        store<f32>(target + at, bias == 0 ? sum : load<f32>(bias + (<usize>j << 2) + at) + sum);
        sums = v128.shuffle<f32>(sums, sums, 1, 2, 3, 3);
      }
    }
    b += 4 * bRow;
  }
}
