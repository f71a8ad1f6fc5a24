/** Columns that are transposed at once: a cache line of source, and as many lines of target that are filled one after another. */
const STRIP: i32 = 16;

/**
 * Writes the transpose of a matrix: target (columns x rows) from source (rows x columns). Rows lie the given bytes
 * apart.
 */
export function transpose(
  source: usize, sourceRow: usize, target: usize, targetRow: usize, rows: i32, columns: i32,
): void {
  for (; columns > 0; columns -= STRIP) {
    transposeStrip(source, sourceRow, target, targetRow, rows, min(columns, STRIP));
    source += STRIP << 2;
    target += STRIP * targetRow;
  }
}

function transposeStrip(
  source: usize, sourceRow: usize, target: usize, targetRow: usize, rows: i32, columns: i32,
): void {
  for (; rows >= 4; rows -= 4) {
    const source1 = source + sourceRow;
    const source2 = source1 + sourceRow;
    const source3 = source2 + sourceRow;
    let offset: usize = 0;
    let to = target;
    let left = columns;
    for (; left >= 4; left -= 4) {
      const r0 = v128.load(source + offset);
      const r1 = v128.load(source1 + offset);
      const r2 = v128.load(source2 + offset);
      const r3 = v128.load(source3 + offset);
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
      to += targetRow;
      v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
      to += targetRow;
      v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
      to += targetRow;
      v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
      to += targetRow;
      offset += 16;
    }
    transposeOneByOne(source + offset, sourceRow, to, targetRow, 4, left);
    source += 4 * sourceRow;
    target += 16;
  }
  transposeOneByOne(source, sourceRow, target, targetRow, rows, columns);
}

function transposeOneByOne(
  source: usize, sourceRow: usize, target: usize, targetRow: usize, rows: i32, columns: i32,
): void {
  for (; columns > 0; columns--) {
    let from = source;
    for (let i = 0; i < rows; i++) {
      store<f32>(target + (<usize>i << 2), load<f32>(from));
      from += sourceRow;
    }
    source += 4;
    target += targetRow;
  }
}

/**
 * Copies up to eight columns of b into a strip of `depth` rows of eight, with zeros in the columns it lacks.
 * Either the rows or the columns of b are without gaps: one of the two steps is 4.
 */
export function packStrip(
  strip: usize, b: usize, bRow: usize, bColumn: usize, depth: i32, columns: i32,
): void {
  if (columns < 8) memory.fill(strip, 0, <usize>depth << 5);
  if (bRow == 4) {
    transpose(b, bColumn, strip, 32, columns, depth);
    return;
  }
  for (; depth > 0; depth--) {
    if (columns == 8) {
      v128.store(strip, v128.load(b));
      v128.store(strip, v128.load(b, 16), 16);
    } else {
      for (let j = 0; j < columns; j++) {
        store<f32>(strip + (<usize>j << 2), load<f32>(b + <usize>j * bColumn));
      }
    }
    b += bRow;
    strip += 32;
  }
}
