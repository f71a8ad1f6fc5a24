/** target[r] = the largest of row r of x, NaN if there is one; `width` is at least 1. */
export function rowMaximum(x: usize, target: usize, rows: i32, width: i32): void {
  for (let r = 0; r < rows; r++) {
    // The pseudo-maximum is one instruction but forgets a NaN, so those are watched for apart.
    let low = f32x4.splat(-Infinity);
    let high = low;
    let unordered = i32x4.splat(0);
    let j = 0;
    for (; j <= width - 8; j += 8) {
      const first = v128.load(x);
      const second = v128.load(x, 16);
      low = f32x4.pmax(low, first);
      high = f32x4.pmax(high, second);
      unordered = v128.or(unordered, v128.or(f32x4.ne(first, first), f32x4.ne(second, second)));
      x += 32;
    }
    low = f32x4.max(low, high);
    low = f32x4.max(low, v128.shuffle<f32>(low, low, 2, 3, 0, 1));
    let largest = f32x4.extract_lane(f32x4.max(low, v128.shuffle<f32>(low, low, 1, 0, 3, 2)), 0);
    if (v128.any_true(unordered)) largest = NaN;
    for (; j < width; j++) {
      largest = max(largest, load<f32>(x));
      x += 4;
    }
    store<f32>(target, largest);
    target += 4;
  }
}

/** Rows summed before the partial sum joins the total: rounding grows with this plus rows / this, not with rows. */
const SUM_BLOCK: i32 = 64;

/** target[j] = sum over r of x[r, j], for rows of `width` floats that begin `step` bytes apart. */
export function columnSum(x: usize, step: usize, target: usize, rows: i32, width: i32): void {
  let j = 0;
  for (; j <= width - 4; j += 4) {
    let source = x + (<usize>j << 2);
    let total = f32x4.splat(0);
    for (let row = 0; row < rows; row += SUM_BLOCK) {
      let partial = f32x4.splat(0);
      for (let i = min(rows - row, SUM_BLOCK); i > 0; i--) {
        partial = f32x4.add(partial, v128.load(source));
        source += step;
      }
      total = f32x4.add(total, partial);
    }
    v128.store(target + (<usize>j << 2), total);
  }
  for (; j < width; j++) {
    let source = x + (<usize>j << 2);
    let total: f32 = 0;
    for (let row = 0; row < rows; row += SUM_BLOCK) {
      let partial: f32 = 0;
      for (let i = min(rows - row, SUM_BLOCK); i > 0; i--) {
        partial += load<f32>(source);
        source += step;
      }
      total += partial;
    }
    store<f32>(target + (<usize>j << 2), total);
  }
}
