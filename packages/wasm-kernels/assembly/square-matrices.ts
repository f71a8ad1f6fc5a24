import { loadUpToFour, storeUpToFour } from './lanes';

/** Rows and columns that are mirrored at once: whole cache lines, few enough to stay in the level-1 cache. */
const MIRRORED: i32 = 16;

/** Writes the transpose of up to MIRRORED rows and columns to another place of the same matrix. */
function mirror(source: usize, target: usize, step: usize, rows: i32, columns: i32): void {
  let i = 0;
  for (; i <= rows - 4; i += 4) {
    const row = source + <usize>i * step;
    const across = target + (<usize>i << 2);
    let j = 0;
    for (; j <= columns - 4; j += 4) {
      const at = row + (<usize>j << 2);
      const r0 = v128.load(at);
      const r1 = v128.load(at + step);
      const r2 = v128.load(at + 2 * step);
      const r3 = v128.load(at + 3 * step);
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      const to = across + <usize>j * step;
      v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
      v128.store(to + step, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
      v128.store(to + 2 * step, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
      v128.store(to + 3 * step, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
    }
    for (; j < columns; j++) {
      for (let k = 0; k < 4; k++) {
        store<f32>(
          across + <usize>j * step + (<usize>k << 2),
          load<f32>(row + <usize>k * step + (<usize>j << 2)),
        );
      }
    }
  }
  for (; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      store<f32>(
        target + <usize>j * step + (<usize>i << 2),
        load<f32>(source + <usize>i * step + (<usize>j << 2)),
      );
    }
  }
}

/** Writes the transpose of what is below the diagonal of a matrix (rows x columns) to its other side. */
export function mirrorBlock(x: usize, step: usize, rows: i32, columns: i32): void {
  for (let j = 0; j < columns; j += MIRRORED) {
    const across = x + <usize>j * step;
    const width = min(columns - j, MIRRORED);
    for (let i = 1; i < width; i++) {
      const row = across + <usize>i * step + (<usize>j << 2);
      const column = across + (<usize>(i + j) << 2);
      for (let k = 0; k < i; k++) store<f32>(column + <usize>k * step, load<f32>(row + (<usize>k << 2)));
    }
    for (let i = j + width; i < rows; i += MIRRORED) {
      mirror(x + <usize>i * step + (<usize>j << 2), across + (<usize>i << 2), step, min(rows - i, MIRRORED), width);
    }
  }
}

/**
 * A symmetric matrix of which the first `columns` columns of `c` (rows x rows) are known from the diagonal down: writes
 * `scale c + shift I` to these columns of `target`, which may be c, and to as many rows. Rows lie `step` bytes apart.
 */
export function symmetricBlock(
  c: usize, target: usize, step: usize, rows: i32, columns: i32, scale: f32, shift: f32,
): void {
  const factor = f32x4.splat(scale);
  for (let i = 0; i < rows && (scale != 1 || c != target); i++) {
    const from = c + <usize>i * step;
    const to = target + <usize>i * step;
    for (let j = 0; j < columns; j += 4) {
      const at = <usize>j << 2;
      storeUpToFour(to + at, f32x4.mul(factor, loadUpToFour(from + at, columns - j, 0)), columns - j);
    }
  }
  for (let i = 0; i < columns && shift != 0; i++) {
    const at = target + <usize>i * step + (<usize>i << 2);
    store<f32>(at, load<f32>(at) + shift);
  }
  mirrorBlock(target, step, rows, columns);
}

/** Where the largest element of a matrix is smaller, the matrix is all but zero compared with epsilon. */
const SMALLEST_SCALE: f32 = 1e-30;

/**
 * x by its Frobenius norm times `factor`, with epsilon added to that or as its floor; the two places may be one. All is first
 * divided by the largest element, so that no square leaves float32. Zeros stay zeros if there is no epsilon.
 */
export function normalizeMatrix(
  x: usize, target: usize, size: i32, factor: f32, epsilon: f32, isFloor: i32,
): void {
  let largest = f32x4.splat(0);
  for (let i = 0; i < size; i += 4) {
    largest = f32x4.max(largest, f32x4.abs(loadUpToFour(x + (<usize>i << 2), size - i, 0)));
  }
  const pair = f32x4.max(largest, v128.shuffle<f32>(largest, largest, 2, 3, 0, 1));
  const most = f32x4.max(pair, v128.shuffle<f32>(pair, pair, 1, 0, 3, 2));
  const scale = f32x4.max(most, f32x4.splat(SMALLEST_SCALE));
  let low = f64x2.splat(0);
  let high = low;
  for (let i = 0; i < size; i += 4) {
    const scaled = f32x4.div(loadUpToFour(x + (<usize>i << 2), size - i, 0), scale);
    const first = f64x2.promote_low_f32x4(scaled);
    const second = f64x2.promote_low_f32x4(v128.shuffle<f32>(scaled, scaled, 2, 3, 0, 1));
    low = f64x2.add(low, f64x2.mul(first, first));
    high = f64x2.add(high, f64x2.mul(second, second));
  }
  const sums = f64x2.add(low, high);
  const norm = <f32>Math.sqrt(f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)) * factor;
  const least = epsilon / f32x4.extract_lane(scale, 0);
  const divisor = isFloor ? max<f32>(norm, least) : norm + least;
  const by = f32x4.splat(divisor == 0 ? <f32>1 : divisor);
  for (let i = 0; i < size; i += 4) {
    const at = <usize>i << 2;
    const four = f32x4.div(f32x4.div(loadUpToFour(x + at, size - i, 0), scale), by);
    storeUpToFour(target + at, four, size - i);
  }
}

/**
 * The inverse of the upper triangle of a matrix, `length` x `length`, with zeros below the diagonal. Rows of the matrix lie `step`
 * bytes apart, those of the inverse follow each other.
 */
export function invertTriangle(u: usize, step: usize, target: usize, length: i32): void {
  memory.fill(target, 0, <usize>(length * length) << 2);
  for (let j = 0; j < length; j++) {
    // Column j of the inverse, from the diagonal up.
    const diagonal = 1 / <f64>load<f32>(u + <usize>j * step + (<usize>j << 2));
    store<f32>(target + (<usize>(j * length + j) << 2), <f32>diagonal);
    for (let i = j - 1; i >= 0; i--) {
      let sum: f64 = 0;
      const row = u + <usize>i * step;
      for (let k = i + 1; k <= j; k++) {
        sum += <f64>load<f32>(row + (<usize>k << 2)) * <f64>load<f32>(target + (<usize>(k * length + j) << 2));
      }
      store<f32>(target + (<usize>(i * length + j) << 2), <f32>(-sum / <f64>load<f32>(row + (<usize>i << 2))));
    }
  }
}

/** -x. */
export function negate(x: usize, target: usize, size: i32): void {
  for (let i = 0; i < size; i += 4) {
    const at = <usize>i << 2;
    storeUpToFour(target + at, f32x4.neg(loadUpToFour(x + at, size - i, 0)), size - i);
  }
}
