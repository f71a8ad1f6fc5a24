import { exponentialOfNegative } from './exponential';
import { largestOfFour, loadUpToFour, storeUpToFour, sumOfFour } from './lanes';

/** Numbers added up before the partial sum joins the total: rounding grows with this plus width / this. */
const SUM_BLOCK: i32 = 512;

/** The largest of `width` numbers, NaN left out. */
// @ts-ignore: decorator
@inline
export function largestOfRow(x: usize, width: i32): f32 {
  let first = f32x4.splat(-Infinity);
  let second = first;
  for (; width >= 8; width -= 8) {
    first = f32x4.pmax(first, v128.load(x));
    second = f32x4.pmax(second, v128.load(x, 16));
    x += 32;
  }
  for (; width > 0; width -= 4) {
    first = f32x4.pmax(first, loadUpToFour(x, width, -Infinity));
    x += 16;
  }
  return largestOfFour(f32x4.pmax(first, second));
}

/** maxima[r] = the largest of row r; sums[r] = sum over j of exp(x[r, j] - maxima[r]). NaN makes the sum NaN. */
export function softmaxSums(x: usize, maxima: usize, sums: usize, rows: i32, width: i32): void {
  for (; rows > 0; rows--) {
    const largest = largestOfRow(x, width);
    const shift = f32x4.splat(largest);
    let total: f32 = 0;
    for (let start = 0; start < width; start += SUM_BLOCK) {
      let partial = f32x4.splat(0);
      for (let left = min(width - start, SUM_BLOCK); left > 0; left -= 4) {
        const four = loadUpToFour(x, left, -Infinity);
        partial = f32x4.add(partial, exponentialOfNegative(f32x4.sub(four, shift)));
        x += <usize>min(left, 4) << 2;
      }
      total += sumOfFour(partial);
    }
    store<f32>(maxima, largest);
    store<f32>(sums, total);
    maxima += 4;
    sums += 4;
  }
}

/**
 * The gradient of the logits: target[r] = exp(x[r] - lse[r]) (entropy + partition lse[r]), less `entropy` at the
 * label. `target` may be `x`. Labels must be checked before.
 */
export function softmaxCrossEntropyGradient(
  x: usize, labels: usize, logSumExp: usize, target: usize, rows: i32, width: i32, entropy: f32, partition: f32,
): void {
  for (; rows > 0; rows--) {
    const lse = load<f32>(logSumExp);
    const shift = f32x4.splat(lse);
    const scale = f32x4.splat(entropy + lse * partition);
    const label = target + (<usize>load<u32>(labels) << 2);
    for (let left = width; left > 0; left -= 4) {
      const probability = exponentialOfNegative(f32x4.sub(loadUpToFour(x, left), shift));
      storeUpToFour(target, f32x4.mul(probability, scale), left);
      const step = <usize>min(left, 4) << 2;
      x += step;
      target += step;
    }
    store<f32>(label, load<f32>(label) - entropy);
    labels += 4;
    logSumExp += 4;
  }
}
