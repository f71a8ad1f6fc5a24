// Tiles hold all their sums in registers, with two pieces of a row of b and one number of a. Unrolled by hand, or with
// more variables needed after the loop, V8 keeps some in memory and a tile takes up to twice as long.

import { multiplyAdd } from './multiply-add';

/**
 * c (6 x 8) = addend (6 x 8) + a (6 x depth) b (depth x 8). Rows lie the given bytes apart, those of a up to
 * `lastRow`, which stands in for the rows after it.
 */
export function tileOfSix(
  a: usize, aRow: usize, lastRow: usize, b: usize, bRow: usize, depth: i32,
  addend: usize, addendRow: usize, c: usize, cRow: usize,
): void {
  let c00 = v128.load(addend);
  let c01 = v128.load(addend, 16);
  addend += addendRow;
  let c10 = v128.load(addend);
  let c11 = v128.load(addend, 16);
  addend += addendRow;
  let c20 = v128.load(addend);
  let c21 = v128.load(addend, 16);
  addend += addendRow;
  let c30 = v128.load(addend);
  let c31 = v128.load(addend, 16);
  addend += addendRow;
  let c40 = v128.load(addend);
  let c41 = v128.load(addend, 16);
  addend += addendRow;
  let c50 = v128.load(addend);
  let c51 = v128.load(addend, 16);
  let a1 = a + min<usize>(aRow, lastRow);
  let a2 = a + min<usize>(2 * aRow, lastRow);
  let a3 = a + min<usize>(3 * aRow, lastRow);
  let a4 = a + min<usize>(4 * aRow, lastRow);
  let a5 = a + min<usize>(5 * aRow, lastRow);
  for (; depth > 0; depth--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x0, b0, c00);
    c01 = multiplyAdd(x0, b1, c01);
    const x1 = v128.load_splat<f32>(a1);
    c10 = multiplyAdd(x1, b0, c10);
    c11 = multiplyAdd(x1, b1, c11);
    const x2 = v128.load_splat<f32>(a2);
    c20 = multiplyAdd(x2, b0, c20);
    c21 = multiplyAdd(x2, b1, c21);
    const x3 = v128.load_splat<f32>(a3);
    c30 = multiplyAdd(x3, b0, c30);
    c31 = multiplyAdd(x3, b1, c31);
    const x4 = v128.load_splat<f32>(a4);
    c40 = multiplyAdd(x4, b0, c40);
    c41 = multiplyAdd(x4, b1, c41);
    const x5 = v128.load_splat<f32>(a5);
    c50 = multiplyAdd(x5, b0, c50);
    c51 = multiplyAdd(x5, b1, c51);
    a += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    a4 += 4;
    a5 += 4;
    b += bRow;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += cRow;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += cRow;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += cRow;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  c += cRow;
  v128.store(c, c40);
  v128.store(c, c41, 16);
  c += cRow;
  v128.store(c, c50);
  v128.store(c, c51, 16);
}

/** `tileOfSix` with four rows of a and c. */
export function tileOfFour(
  a: usize, aRow: usize, lastRow: usize, b: usize, bRow: usize, depth: i32,
  addend: usize, addendRow: usize, c: usize, cRow: usize,
): void {
  let c00 = v128.load(addend);
  let c01 = v128.load(addend, 16);
  addend += addendRow;
  let c10 = v128.load(addend);
  let c11 = v128.load(addend, 16);
  addend += addendRow;
  let c20 = v128.load(addend);
  let c21 = v128.load(addend, 16);
  addend += addendRow;
  let c30 = v128.load(addend);
  let c31 = v128.load(addend, 16);
  let a1 = a + min<usize>(aRow, lastRow);
  let a2 = a + min<usize>(2 * aRow, lastRow);
  let a3 = a + min<usize>(3 * aRow, lastRow);
  for (; depth > 0; depth--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x0, b0, c00);
    c01 = multiplyAdd(x0, b1, c01);
    const x1 = v128.load_splat<f32>(a1);
    c10 = multiplyAdd(x1, b0, c10);
    c11 = multiplyAdd(x1, b1, c11);
    const x2 = v128.load_splat<f32>(a2);
    c20 = multiplyAdd(x2, b0, c20);
    c21 = multiplyAdd(x2, b1, c21);
    const x3 = v128.load_splat<f32>(a3);
    c30 = multiplyAdd(x3, b0, c30);
    c31 = multiplyAdd(x3, b1, c31);
    a += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    b += bRow;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += cRow;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += cRow;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += cRow;
  v128.store(c, c30);
  v128.store(c, c31, 16);
}
