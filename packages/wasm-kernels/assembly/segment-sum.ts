/**
 * target[ids[r] - first] += x[r] for rows of `width` floats; ids outside [first, first + segments) are skipped. target
 * starts as zeros.
 */
export function segmentSumFloat(
  x: usize, ids: usize, rows: i32, width: i32, segments: i32, target: usize, first: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const id = load<i32>(ids + (<usize>r << 2)) - first;
    if (<u32>id < <u32>segments) {
      let source = x + (<usize>r * <usize>width << 2);
      let sum = target + (<usize>id * <usize>width << 2);
      let j = 0;
      for (; j <= width - 4; j += 4) {
        v128.store(sum, f32x4.add(v128.load(sum), v128.load(source)));
        sum += 16;
        source += 16;
      }
      for (; j < width; j++) {
        store<f32>(sum, load<f32>(sum) + load<f32>(source));
        sum += 4;
        source += 4;
      }
    }
  }
}

/** As `segmentSumFloat`, for rows of 32-bit integers. */
export function segmentSumInteger(
  x: usize, ids: usize, rows: i32, width: i32, segments: i32, target: usize, first: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const id = load<i32>(ids + (<usize>r << 2)) - first;
    if (<u32>id < <u32>segments) {
      const source = x + (<usize>r * <usize>width << 2);
      const sum = target + (<usize>id * <usize>width << 2);
      for (let j = 0; j < width; j++) {
        const offset = <usize>j << 2;
        store<i32>(sum + offset, load<i32>(sum + offset) + load<i32>(source + offset));
      }
    }
  }
}

/** Sets `bytes` bytes from `target` on to zero. */
export function fillZero(target: usize, bytes: usize): void {
  memory.fill(target, 0, bytes);
}
