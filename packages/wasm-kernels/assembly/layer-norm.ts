import { keepUpToFour, loadUpToFour, storeUpToFour, sumOfFour } from './lanes';

/** Rows whose share of the weight's gradient is added up before it joins the total: see columnSum. */
const SUM_BLOCK: i32 = 64;

// Sums are kept in four registers: an addition has to wait for the one before it.

function rowSum(x: usize, width: i32): f32 {
  let sum0 = f32x4.splat(0), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  for (; width >= 16; width -= 16) {
    sum0 = f32x4.add(sum0, v128.load(x));
    sum1 = f32x4.add(sum1, v128.load(x, 16));
    sum2 = f32x4.add(sum2, v128.load(x, 32));
    sum3 = f32x4.add(sum3, v128.load(x, 48));
    x += 64;
  }
  for (; width > 0; width -= 4) {
    sum0 = f32x4.add(sum0, loadUpToFour(x, width));
    x += 16;
  }
  return sumOfFour(f32x4.add(f32x4.add(sum0, sum1), f32x4.add(sum2, sum3)));
}

// @ts-ignore: decorator
@inline
function square(x: v128): v128 {
  return f32x4.mul(x, x);
}

/** Sum over a row of (x - center)^2. */
function rowSquares(x: usize, center: v128, width: i32): f32 {
  let sum0 = f32x4.splat(0), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  for (; width >= 16; width -= 16) {
    sum0 = f32x4.add(sum0, square(f32x4.sub(v128.load(x), center)));
    sum1 = f32x4.add(sum1, square(f32x4.sub(v128.load(x, 16), center)));
    sum2 = f32x4.add(sum2, square(f32x4.sub(v128.load(x, 32), center)));
    sum3 = f32x4.add(sum3, square(f32x4.sub(v128.load(x, 48), center)));
    x += 64;
  }
  for (; width > 0; width -= 4) {
    sum0 = f32x4.add(sum0, keepUpToFour(square(f32x4.sub(loadUpToFour(x, width), center)), width));
    x += 16;
  }
  return sumOfFour(f32x4.add(f32x4.add(sum0, sum1), f32x4.add(sum2, sum3)));
}

/** y = weight (x - mean) / sqrt(variance + epsilon) for each row of x, with means and 1 / sqrt(...) kept. */
export function layerNorm(
  x: usize, weight: usize, y: usize, means: usize, inverses: usize, rows: i32, width: i32, epsilon: f32,
): void {
  const row = <usize>width << 2;
  for (; rows > 0; rows--) {
    const mean = rowSum(x, width) / <f32>width;
    const center = f32x4.splat(mean);
    const inverse: f32 = <f32>1 / sqrt<f32>(rowSquares(x, center, width) / <f32>width + epsilon);
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
 * ofX = inverse (g - mean(g) - n mean(g n)). The weight's gradient is the sum over rows of gradient n: `partials` takes a row for each block
 * of SUM_BLOCK rows, which `addRows` adds up.
 */
export function layerNormGradient(
  x: usize, gradient: usize, weight: usize, means: usize, inverses: usize, ofX: usize, partials: usize,
  rows: i32, width: i32,
): void {
  const row = <usize>width << 2;
  let partial = partials;
  for (let block = 0; block < rows; block += SUM_BLOCK) {
    memory.fill(partial, 0, row);
    for (let i = min(rows - block, SUM_BLOCK); i > 0; i--) {
      const center = f32x4.splat(load<f32>(means));
      const scale = v128.load_splat<f32>(inverses);
      let sum0 = f32x4.splat(0), sum1 = sum0, product0 = sum0, product1 = sum0;
      let j = 0;
      for (; j <= width - 8; j += 8) {
        const at = <usize>j << 2;
        const gradient0 = v128.load(gradient + at);
        const gradient1 = v128.load(gradient + at, 16);
        const ofWeight0 = f32x4.mul(gradient0, f32x4.mul(f32x4.sub(v128.load(x + at), center), scale));
        const ofWeight1 = f32x4.mul(gradient1, f32x4.mul(f32x4.sub(v128.load(x + at, 16), center), scale));
        v128.store(partial + at, f32x4.add(v128.load(partial + at), ofWeight0));
        v128.store(partial + at, f32x4.add(v128.load(partial + at, 16), ofWeight1), 16);
        const weight0 = v128.load(weight + at);
        const weight1 = v128.load(weight + at, 16);
        sum0 = f32x4.add(sum0, f32x4.mul(gradient0, weight0));
        sum1 = f32x4.add(sum1, f32x4.mul(gradient1, weight1));
        product0 = f32x4.add(product0, f32x4.mul(ofWeight0, weight0));
        product1 = f32x4.add(product1, f32x4.mul(ofWeight1, weight1));
      }
      for (; j < width; j += 4) {
        const at = <usize>j << 2;
        const left = width - j;
        const normalized = f32x4.mul(f32x4.sub(loadUpToFour(x + at, left), center), scale);
        const four = loadUpToFour(gradient + at, left);
        const product = f32x4.mul(four, normalized);
        storeUpToFour(partial + at, f32x4.add(loadUpToFour(partial + at, left), product), left);
        const weights = loadUpToFour(weight + at, left);
        sum0 = f32x4.add(sum0, f32x4.mul(four, weights));
        product0 = f32x4.add(product0, f32x4.mul(product, weights));
      }
      const mean = f32x4.splat(sumOfFour(f32x4.add(sum0, sum1)) / <f32>width);
      const slope = f32x4.splat(sumOfFour(f32x4.add(product0, product1)) / <f32>width);
      for (j = 0; j < width; j += 4) {
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
    partial += row;
  }
}

/** target[j] = sum over r of x[r, j], in the order of the rows. */
export function addRows(x: usize, target: usize, rows: i32, width: i32): void {
  memory.fill(target, 0, <usize>width << 2);
  for (; rows > 0; rows--) {
    for (let j = 0; j < width; j += 4) {
      const at = <usize>j << 2;
      const left = width - j;
      storeUpToFour(target + at, f32x4.add(loadUpToFour(target + at, left), loadUpToFour(x + at, left)), left);
    }
    x += <usize>width << 2;
  }
}
