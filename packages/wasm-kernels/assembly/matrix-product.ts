import { packFourLanes } from './pack';

/** Blocks sized for a 1 MB level-2 cache: 128 KiB of a, 512 KiB of b. The host allocates scratchBytes(). */
const DEPTH_BLOCK: i32 = 256;
const ROW_BLOCK: i32 = 128;
const COLUMN_BLOCK: i32 = 512;
const PANEL_A: usize = <usize>(ROW_BLOCK * DEPTH_BLOCK * 4);
const PANEL_B: usize = <usize>(COLUMN_BLOCK * DEPTH_BLOCK * 4);
const TILE: usize = 4 * 8 * 4;

/** Bytes of scratch, 16-byte aligned, that `matrixProduct` needs. */
export function scratchBytes(): usize {
  return PANEL_A + PANEL_B + TILE;
}

// @ts-ignore: decorator
@inline
function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

// @ts-ignore: decorator
@inline
function storeRow(c: usize, low: v128, high: v128, accumulate: bool): void {
  if (accumulate) {
    low = f32x4.add(v128.load(c), low);
    high = f32x4.add(v128.load(c, 16), high);
  }
  v128.store(c, low);
  v128.store(c, high, 16);
}

/** c (4 x 8, rows `step` bytes apart) = or += the product of two packed panels. */
function tile(a: usize, b: usize, depth: i32, c: usize, step: usize, accumulate: bool): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (; depth > 0; depth--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<f32>(a);
    c00 = multiplyAdd(a0, b0, c00);
    c01 = multiplyAdd(a0, b1, c01);
    const a1 = v128.load_splat<f32>(a, 4);
    c10 = multiplyAdd(a1, b0, c10);
    c11 = multiplyAdd(a1, b1, c11);
    const a2 = v128.load_splat<f32>(a, 8);
    c20 = multiplyAdd(a2, b0, c20);
    c21 = multiplyAdd(a2, b1, c21);
    const a3 = v128.load_splat<f32>(a, 12);
    c30 = multiplyAdd(a3, b0, c30);
    c31 = multiplyAdd(a3, b1, c31);
    a += 16;
    b += 32;
  }
  storeRow(c, c00, c01, accumulate);
  storeRow(c + step, c10, c11, accumulate);
  storeRow(c + 2 * step, c20, c21, accumulate);
  storeRow(c + 3 * step, c30, c31, accumulate);
}

/** Adds or copies the part of a scratch tile that lies inside c. */
function storeEdge(scratch: usize, c: usize, step: usize, rows: i32, columns: i32, accumulate: bool): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const target = c + (<usize>j << 2);
      const value = load<f32>(scratch + (<usize>(i * 8 + j) << 2));
      store<f32>(target, accumulate ? load<f32>(target) + value : value);
    }
    c += step;
  }
}

/**
 * c (m x n, row-major) = a (m x k) b (k x n). Element (i, p) of a is at `a + i * aRow + p * aColumn`, and so on
 * for b; steps are in bytes, so a transposition is a swap of the two steps.
 */
export function matrixProduct(
  a: usize, aRow: usize, aColumn: usize, b: usize, bRow: usize, bColumn: usize,
  c: usize, m: i32, n: i32, k: i32, scratch: usize,
): void {
  const panelA = scratch;
  const panelB = scratch + PANEL_A;
  const edge = panelB + PANEL_B;
  const step = <usize>n << 2;
  for (let column = 0; column < n; column += COLUMN_BLOCK) {
    const columns = min(n - column, COLUMN_BLOCK);
    for (let inner = 0; inner < k; inner += DEPTH_BLOCK) {
      const depth = min(k - inner, DEPTH_BLOCK);
      const accumulate = inner > 0;
      const strip = <usize>depth << 5;
      for (let j = 0; j < columns; j += 8) {
        const source = b + <usize>inner * bRow + <usize>(column + j) * bColumn;
        const target = panelB + <usize>(j >> 3) * strip;
        const lanes = columns - j;
        packFourLanes(target, 32, source, bColumn, bRow, depth, min(lanes, 4));
        packFourLanes(target + 16, 32, source + 4 * bColumn, bColumn, bRow, depth, max(0, min(lanes - 4, 4)));
      }
      for (let row = 0; row < m; row += ROW_BLOCK) {
        const rows = min(m - row, ROW_BLOCK);
        for (let i = 0; i < rows; i += 4) {
          const source = a + <usize>(row + i) * aRow + <usize>inner * aColumn;
          packFourLanes(panelA + <usize>(i >> 2) * (strip >> 1), 16, source, aRow, aColumn, depth, min(rows - i, 4));
        }
        for (let j = 0; j < columns; j += 8) {
          const stripB = panelB + <usize>(j >> 3) * strip;
          for (let i = 0; i < rows; i += 4) {
            const stripA = panelA + <usize>(i >> 2) * (strip >> 1);
            const target = c + <usize>(row + i) * step + (<usize>(column + j) << 2);
            if (rows - i >= 4 && columns - j >= 8) {
              tile(stripA, stripB, depth, target, step, accumulate);
            } else {
              tile(stripA, stripB, depth, edge, 32, false);
              storeEdge(edge, target, step, min(rows - i, 4), min(columns - j, 8), accumulate);
            }
          }
        }
      }
    }
  }
}
