import { exponentialOfNegative } from './exponential';
import { largestOfFour, loadUpToFour, sumOfFour } from './lanes';

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

/** Sum of exp(x - shift) over rows of eight. */
function sumOfExponentials(x: usize, eights: i32, shift: v128): f32 {
  let low = f32x4.splat(0);
  let high = low;
  for (; eights > 0; eights--) {
    low = f32x4.add(low, exponentialOfNegative(f32x4.sub(v128.load(x), shift)));
    high = f32x4.add(high, exponentialOfNegative(f32x4.sub(v128.load(x, 16), shift)));
    x += 32;
  }
  return sumOfFour(f32x4.add(low, high));
}

/**
 * maxima[r] = the largest of row r; sums[r] = sum over j of exp(x[r, j] - maxima[r]). NaN makes the sum NaN.
 * `scratch` is room for 8 numbers: what is left of a row after the eights goes through a copy.
 */
export function softmaxSums(
  x: usize, maxima: usize, sums: usize, rows: i32, width: i32, scratch: usize,
): void {
  const whole = width & ~7;
  for (; rows > 0; rows--) {
    const largest = largestOfRow(x, width);
    const shift = f32x4.splat(largest);
    let total: f32 = 0;
    for (let start = 0; start < whole; start += SUM_BLOCK) {
      const block = min(whole - start, SUM_BLOCK);
      total += sumOfExponentials(x, block >> 3, shift);
      x += <usize>block << 2;
    }
    if (whole < width) {
      const left = <usize>(width - whole) << 2;
      v128.store(scratch, f32x4.splat(-Infinity));
      v128.store(scratch, f32x4.splat(-Infinity), 16);
      memory.copy(scratch, x, left);
      total += sumOfExponentials(scratch, 1, shift);
      x += left;
    }
    store<f32>(maxima, largest);
    store<f32>(sums, total);
    maxima += 4;
    sums += 4;
  }
}

function scaledExponentials(x: usize, target: usize, eights: i32, shift: v128, scale: v128): void {
  for (; eights > 0; eights--) {
    const first = exponentialOfNegative(f32x4.sub(v128.load(x), shift));
    const second = exponentialOfNegative(f32x4.sub(v128.load(x, 16), shift));
    v128.store(target, f32x4.mul(first, scale));
    v128.store(target, f32x4.mul(second, scale), 16);
    x += 32;
    target += 32;
  }
}

/**
 * The gradient of the logits from those of the losses and of lse: target[r] = exp(x[r] - lse[r]) (losses[r] + lses[r]),
 * less losses[r] at the label. `target` may be `x`. Labels must be checked before. `scratch` as above.
 */
export function softmaxCrossEntropyGradient(
  x: usize, labels: usize, logSumExp: usize, target: usize, rows: i32, width: i32, losses: usize, lses: usize,
  scratch: usize,
): void {
  const whole = <usize>(width & ~7) << 2;
  const left = <usize>(width & 7) << 2;
  for (; rows > 0; rows--) {
    const lse = load<f32>(logSumExp);
    const shift = f32x4.splat(lse);
    const loss = load<f32>(losses);
    const scale = f32x4.splat(loss + load<f32>(lses));
    scaledExponentials(x, target, width >> 3, shift, scale);
    if (left > 0) {
      memory.copy(scratch, x + whole, left);
      scaledExponentials(scratch, scratch, 1, shift, scale);
      memory.copy(target + whole, scratch, left);
    }
    const label = target + (<usize>load<u32>(labels) << 2);
    store<f32>(label, load<f32>(label) - loss);
    x += whole + left;
    target += whole + left;
    labels += 4;
    logSumExp += 4;
    losses += 4;
    lses += 4;
  }
}
