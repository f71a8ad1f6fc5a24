import { packStrip, transpose } from './pack';
import { rowProducts } from './row-products';
import { tileOfFour, tileOfSix } from './tile';

/**
 * Blocks: 576 KiB of b in the level-2 cache, of which a tile reads 12 KiB and 9 KiB of a in the level-1 cache. The
 * host allocates scratchBytes().
 */
const DEPTH_BLOCK: i32 = 384;
const ROW_BLOCK: i32 = 96;
const COLUMN_BLOCK: i32 = 384;
/** Rows of the panel are a cache line longer than its depth, or all of them would share a few places of the cache. */
const PANEL_A: usize = <usize>(ROW_BLOCK * (DEPTH_BLOCK + 16) * 4);
const PANEL_B: usize = <usize>(COLUMN_BLOCK * DEPTH_BLOCK * 4);
/** Eight zeros, and a tile that is not all inside c. */
const EDGE: usize = 32 + 6 * 8 * 4;
/** Six rows only where a multiplication and an addition are one instruction: apart they need one register too many. */
const TILE_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
/** As few rows as this are multiplied with a transposed b where it is. */
const FEW_ROWS: i32 = 3;
/** Fewer rows than this do not repay a copy of b. */
const ROWS_TO_PACK: i32 = 24;
/** A row of b no longer than this is read where it is: the tile's part of b fits the level-1 cache. */
const COMPACT_ROW: usize = 128;

/** Bytes of scratch, 16-byte aligned, that `matrixProduct` needs. */
export function scratchBytes(): usize {
  return PANEL_A + PANEL_B + EDGE;
}

/** Copies the part of a whole tile that lies inside c, and adds to it. */
function storeEdge(
  tile: usize, c: usize, cRow: usize, rows: i32, columns: i32, addend: usize, addendRow: usize,
): void {
  for (; rows > 0; rows--) {
    if (columns == 8) {
      v128.store(c, f32x4.add(v128.load(addend), v128.load(tile)));
      v128.store(c, f32x4.add(v128.load(addend, 16), v128.load(tile, 16)), 16);
    } else {
      for (let j = 0; j < columns; j++) {
        const at = <usize>j << 2;
        store<f32>(c + at, load<f32>(addend + at) + load<f32>(tile + at));
      }
    }
    tile += 32;
    c += cRow;
    addend += addendRow;
  }
}

/** Part of c of up to TILE_ROWS rows and eight columns. */
function product(
  a: usize, aRow: usize, b: usize, bRow: usize, depth: i32, addend: usize, addendRow: usize,
  c: usize, cRow: usize, rows: i32, columns: i32, edge: usize,
): void {
  const lastRow = <usize>(rows - 1) * aRow;
  const isWhole = columns == 8 && (rows == TILE_ROWS || rows == 4);
  const start = isWhole ? addend : edge;
  const startRow = isWhole ? addendRow : 0;
  const target = isWhole ? c : edge + 32;
  const targetRow = isWhole ? cRow : 32;
  if (TILE_ROWS > 4 && rows > 4) tileOfSix(a, aRow, lastRow, b, bRow, depth, start, startRow, target, targetRow);
  else tileOfFour(a, aRow, lastRow, b, bRow, depth, start, startRow, target, targetRow);
  if (!isWhole) storeEdge(edge + 32, c, cRow, rows, columns, addend, addendRow);
}

/**
 * c (m x n) = a (m x k) b (k x n), plus a vector of n numbers in every row where `bias` is its address and not 0.
 * Element (i, p) of a is at `a + i * aRow + p * aColumn`, and so on for b: steps are in bytes, and a transposition
 * is a swap of the two, of which one is 4. Rows of c are `cRow` bytes apart, or without gaps where it is 0. With `adds`,
 * the product is added to c, and there is no bias.
 */
export function matrixProduct(
  a: usize, aRow: usize, aColumn: usize, b: usize, bRow: usize, bColumn: usize,
  c: usize, m: i32, n: i32, k: i32, scratch: usize, cRow: usize, bias: usize, adds: i32,
): void {
  if (cRow == 0) cRow = <usize>n << 2;
  if (!adds && m <= FEW_ROWS && aColumn == 4 && bRow == 4) {
    rowProducts(a, aRow, b, bColumn, c, cRow, m, n, k, bias);
    return;
  }
  if (!adds && n == 1 && cRow == 4 && bias == 0 && aColumn == 4 && bRow == 4) {
    // A column times a matrix is the matrix's rows times a column.
    rowProducts(b, bColumn, a, aRow, c, 0, 1, m, k, 0);
    return;
  }
  const panelA = scratch;
  const panelB = scratch + PANEL_A;
  const edge = panelB + PANEL_B;
  v128.store(edge, f32x4.splat(0));
  v128.store(edge, f32x4.splat(0), 16);
  const packsA = aColumn != 4;
  const packsB = bColumn != 4 || (m >= ROWS_TO_PACK && bRow > COMPACT_ROW);
  for (let column = 0; column < n; column += COLUMN_BLOCK) {
    const columns = min(n - column, COLUMN_BLOCK);
    for (let inner = 0; inner < k; inner += DEPTH_BLOCK) {
      const depth = min(k - inner, DEPTH_BLOCK);
      const strip = <usize>depth << 5;
      const sourceB = b + <usize>inner * bRow + <usize>column * bColumn;
      for (let j = 0; j < columns; j += 8) {
        if (packsB || columns - j < 8) {
          const source = sourceB + <usize>j * bColumn;
          packStrip(panelB + <usize>(j >> 3) * strip, source, bRow, bColumn, depth, min(columns - j, 8));
        }
      }
      const isAdded = adds || inner > 0;
      const addendRow = isAdded ? cRow : 0;
      const rowBlock = packsA ? ROW_BLOCK : m;
      for (let row = 0; row < m; row += rowBlock) {
        const rows = min(m - row, rowBlock);
        let blockA = a + <usize>row * aRow + <usize>inner * aColumn;
        let stepA = aRow;
        if (packsA) {
          stepA = <usize>(depth + 16) << 2;
          transpose(blockA, aColumn, panelA, stepA, depth, rows);
          blockA = panelA;
        }
        for (let i = 0; i < rows; i += TILE_ROWS) {
          const target = c + <usize>(row + i) * cRow + (<usize>column << 2);
          for (let j = 0; j < columns; j += 8) {
            const at = <usize>j << 2;
            const isPacked = packsB || columns - j < 8;
            const addend = isAdded ? target + at : bias == 0 ? edge : bias + (<usize>column << 2) + at;
            product(
              blockA + <usize>i * stepA, stepA,
              isPacked ? panelB + <usize>(j >> 3) * strip : sourceB + at, isPacked ? 32 : bRow, depth,
              addend, addendRow, target + at, cRow, min(rows - i, TILE_ROWS), min(columns - j, 8), edge,
            );
          }
        }
      }
    }
  }
}
