import { keepUpToFour, loadUpToFour, storeUpToFour, sumOfFour } from './lanes';

/** Rows whose share of the weight's gradient is added up before it joins the total: see columnSum. */
const SUM_BLOCK: i32 = 64;

/** y = weight (x - mean) / sqrt(variance + epsilon) for each row of x, with means and 1 / sqrt(...) kept. */
export function layerNorm(
  x: usize, weight: usize, y: usize, means: usize, inverses: usize, rows: i32, width: i32, epsilon: f32,
): void {
  const row = <usize>width << 2;
  for (; rows > 0; rows--) {
    let sum = f32x4.splat(0);
    for (let j = 0; j < width; j += 4) sum = f32x4.add(sum, loadUpToFour(x + (<usize>j << 2), width - j));
    const mean = sumOfFour(sum) / <f32>width;
    const center = f32x4.splat(mean);
    let squares = f32x4.splat(0);
    for (let j = 0; j < width; j += 4) {
      const centered = f32x4.sub(loadUpToFour(x + (<usize>j << 2), width - j), center);
      squares = f32x4.add(squares, keepUpToFour(f32x4.mul(centered, centered), width - j));
    }
    const inverse: f32 = <f32>1 / sqrt<f32>(sumOfFour(squares) / <f32>width + epsilon);
    const scale = f32x4.splat(inverse);
    for (let j = 0; j < width; j += 4) {
      const at = <usize>j << 2;
      const normalized = f32x4.mul(f32x4.sub(loadUpToFour(x + at, width - j), center), scale);
      storeUpToFour(y + at, f32x4.mul(normalized, loadUpToFour(weight + at, width - j)), width - j);
    }
    store<f32>(means, mean);
    store<f32>(inverses, inverse);
    x += row;
    y += row;
    means += 4;
    inverses += 4;
  }
}

/**
 * The gradients of x and of the weight, given those of y. With n = (x - mean) inverse and g = weight gradient:
 * ofX = inverse (g - mean(g) - n mean(g n)), ofWeight = sum over rows of gradient n. `partial` is room for one row.
 */
export function layerNormGradient(
  x: usize, gradient: usize, weight: usize, means: usize, inverses: usize, ofX: usize, ofWeight: usize,
  partial: usize, rows: i32, width: i32,
): void {
  const row = <usize>width << 2;
  memory.fill(ofWeight, 0, row);
  for (let block = 0; block < rows; block += SUM_BLOCK) {
    memory.fill(partial, 0, row);
    for (let i = min(rows - block, SUM_BLOCK); i > 0; i--) {
      const center = f32x4.splat(load<f32>(means));
      const scale = v128.load_splat<f32>(inverses);
      let sum = f32x4.splat(0);
      let projection = sum;
      for (let j = 0; j < width; j += 4) {
        const at = <usize>j << 2;
        const left = width - j;
        const normalized = f32x4.mul(f32x4.sub(loadUpToFour(x + at, left), center), scale);
        const four = loadUpToFour(gradient + at, left);
        const product = f32x4.mul(four, normalized);
        storeUpToFour(partial + at, f32x4.add(loadUpToFour(partial + at, left), product), left);
        const weights = loadUpToFour(weight + at, left);
        sum = f32x4.add(sum, f32x4.mul(four, weights));
        projection = f32x4.add(projection, f32x4.mul(product, weights));
      }
      const mean = f32x4.splat(sumOfFour(sum) / <f32>width);
      const slope = f32x4.splat(sumOfFour(projection) / <f32>width);
      for (let j = 0; j < width; j += 4) {
        const at = <usize>j << 2;
        const left = width - j;
        const normalized = f32x4.mul(f32x4.sub(loadUpToFour(x + at, left), center), scale);
        const weighted = f32x4.mul(loadUpToFour(gradient + at, left), loadUpToFour(weight + at, left));
        const inner = f32x4.sub(f32x4.sub(weighted, mean), f32x4.mul(normalized, slope));
        storeUpToFour(ofX + at, f32x4.mul(inner, scale), left);
      }
      x += row;
      gradient += row;
      ofX += row;
      means += 4;
      inverses += 4;
    }
    for (let j = 0; j < width; j += 4) {
      const at = <usize>j << 2;
      const left = width - j;
      storeUpToFour(ofWeight + at, f32x4.add(loadUpToFour(ofWeight + at, left), loadUpToFour(partial + at, left)), left);
    }
  }
}
