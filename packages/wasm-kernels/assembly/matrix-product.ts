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
/** Structure of a product, added up: operands that are zero on one side of a diagonal, and a result wanted on one side only. */
const UPPER_A: i32 = 1;
const LOWER_A: i32 = 2;
const UPPER_B: i32 = 4;
const LOWER_B: i32 = 8;
const LOWER_C: i32 = 16;
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

/** The first term that may not be zero in `rows` rows of c and `columns` columns, from (row, column) on. */
function firstTerm(structure: i32, row: i32, column: i32): i32 {
  const ofA = structure & UPPER_A ? row : 0;
  const ofB = structure & LOWER_B ? column : 0;
  return max(0, max(ofA, ofB));
}

/** The end of the terms that may not be zero. */
function lastTerm(structure: i32, rowEnd: i32, columnEnd: i32, depth: i32): i32 {
  const ofA = structure & LOWER_A ? rowEnd : depth;
  const ofB = structure & UPPER_B ? columnEnd : depth;
  return min(depth, min(ofA, ofB));
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
 *
 * Row i of a may hold anything but zeros only from term `i + shiftA` on (UPPER_A) or up to it (LOWER_A), and column j of b up to term
 * `j + shiftB` (UPPER_B) or from it on (LOWER_B): terms before and after are left out, but for those of a tile on the diagonal. With
 * LOWER_C what is above the diagonal of c is not computed, or anything.
 */
export function matrixProduct(
  a: usize, aRow: usize, aColumn: usize, b: usize, bRow: usize, bColumn: usize,
  c: usize, m: i32, n: i32, k: i32, scratch: usize, cRow: usize, bias: usize, adds: i32,
  structure: i32, shiftA: i32, shiftB: i32,
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
      // The diagonals of a and b, seen from this block.
      const toA = shiftA - inner;
      const toB = shiftB - inner + column;
      for (let j = 0; j < columns; j += 8) {
        if (packsB || columns - j < 8) {
          const first = firstTerm(structure & LOWER_B, 0, j + toB);
          const terms = lastTerm(structure & UPPER_B, 0, j + 8 + toB, depth) - first;
          const source = sourceB + <usize>j * bColumn + <usize>first * bRow;
          const to = panelB + <usize>(j >> 3) * strip + (<usize>first << 5);
          if (terms > 0) packStrip(to, source, bRow, bColumn, terms, min(columns - j, 8));
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
          const first = firstTerm(structure & UPPER_A, row + toA, 0);
          const terms = lastTerm(structure & LOWER_A, row + rows + toA, 0, depth) - first;
          transpose(blockA + <usize>first * aColumn, aColumn, panelA + (<usize>first << 2), stepA, terms, rows);
          blockA = panelA;
        }
        for (let i = 0; i < rows; i += TILE_ROWS) {
          const target = c + <usize>(row + i) * cRow + (<usize>column << 2);
          const height = min(rows - i, TILE_ROWS);
          const wanted = structure & LOWER_C ? min(columns, row + i + height - column) : columns;
          for (let j = 0; j < wanted; j += 8) {
            const at = <usize>j << 2;
            const isPacked = packsB || columns - j < 8;
            const addend = isAdded ? target + at : bias == 0 ? edge : bias + (<usize>column << 2) + at;
            const first = firstTerm(structure, row + i + toA, j + toB);
            const terms = lastTerm(structure, row + i + height + toA, j + 8 + toB, depth) - first;
            if (isAdded && terms <= 0) continue;
            const right = isPacked ? panelB + <usize>(j >> 3) * strip : sourceB + at;
            const stepB: usize = isPacked ? 32 : bRow;
            product(
              blockA + <usize>i * stepA + (<usize>first << 2), stepA, right + <usize>first * stepB, stepB, terms,
              addend, addendRow, target + at, cRow, height, min(columns - j, 8), edge,
            );
          }
        }
      }
    }
  }
}
