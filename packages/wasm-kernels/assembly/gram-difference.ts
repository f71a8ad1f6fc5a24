import { sumOfSquares } from './householder';
import { loadUpToFour, storeUpToFour } from './lanes';
import { mirrorBlock } from './square-matrices';

/**
 * Of two symmetric matrices of which the first `columns` columns (rows x rows) are known from the diagonal down: writes the sum of both to
 * these columns of q and to as many rows, and the first without the second to those rows of p, with zeros below the diagonal.
 */
export function differenceBlock(p: usize, q: usize, step: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    const row = <usize>i * step;
    for (let j = 0; j < columns; j += 4) {
      const at = row + (<usize>j << 2);
      const first = loadUpToFour(p + at, columns - j, 0);
      const second = loadUpToFour(q + at, columns - j, 0);
      storeUpToFour(p + at, f32x4.sub(first, second), columns - j);
      storeUpToFour(q + at, f32x4.add(first, second), columns - j);
    }
  }
  mirrorBlock(p, step, rows, columns);
  mirrorBlock(q, step, rows, columns);
  for (let i = 1; i < rows; i++) memory.fill(p + <usize>i * step, 0, <usize>min(i, columns) << 2);
}

/** The row of a square matrix with the largest sum of squares, by its norm; zeros of zeros. */
export function longestRow(x: usize, target: usize, length: i32): void {
  const step = <usize>length << 2;
  let most: f64 = 0;
  let longest = x;
  for (let i = 0; i < length; i++) {
    const squares = sumOfSquares(x, length);
    if (squares > most) {
      most = squares;
      longest = x;
    }
    x += step;
  }
  scaled(longest, target, length, most == 0 ? 0 : <f32>(1 / Math.sqrt(most)));
}

function scaled(x: usize, target: usize, size: i32, by: f32): void {
  const factor = f32x4.splat(by);
  for (let i = 0; i < size; i += 4) {
    const at = <usize>i << 2;
    storeUpToFour(target + at, f32x4.mul(factor, loadUpToFour(x + at, size - i, 0)), size - i);
  }
}

/** x by the norm of a vector of `length` numbers, if that is not zero; the two places may be one. */
export function divideByNorm(vector: usize, length: i32, x: usize, size: i32): void {
  const norm = Math.sqrt(sumOfSquares(vector, length));
  if (norm != 0) scaled(x, x, size, <f32>(1 / norm));
}
