import { exponentialOfNegative } from './exponential';
import { loadUpToFour, storeUpToFour, sumOfFour } from './lanes';
import { largestOfRow } from './softmax';

export { transpose } from './pack';

/**
 * Probabilities of a block of queries, the first of which looks at `seen` keys and each next at one more:
 * softmax(scale scores) over these, 0 for the other keys up to `width`. Rows lie the given bytes apart; the two
 * may be one place. The scores of keys not looked at are lost.
 */
export function causalSoftmax(
  scores: usize, scoresStep: usize, target: usize, targetStep: usize, rows: i32, seen: i32, width: i32, scale: f32,
): void {
  const factor = f32x4.splat(scale);
  for (; rows > 0; rows--) {
    for (let j = seen; j < width; j++) store<f32>(scores + (<usize>j << 2), -Infinity);
    const shift = f32x4.splat(largestOfRow(scores, width));
    let low = f32x4.splat(0);
    let high = low;
    let j = 0;
    for (; j <= width - 8; j += 8) {
      const at = <usize>j << 2;
      const first = exponentialOfNegative(f32x4.mul(f32x4.sub(v128.load(scores + at), shift), factor));
      const second = exponentialOfNegative(f32x4.mul(f32x4.sub(v128.load(scores + at, 16), shift), factor));
      low = f32x4.add(low, first);
      high = f32x4.add(high, second);
      v128.store(target + at, first);
      v128.store(target + at, second, 16);
    }
    for (; j < width; j += 4) {
      const at = <usize>j << 2;
      const four = f32x4.sub(loadUpToFour(scores + at, width - j, -Infinity), shift);
      const power = exponentialOfNegative(f32x4.mul(four, factor));
      low = f32x4.add(low, power);
      storeUpToFour(target + at, power, width - j);
    }
    const inverse = f32x4.splat(<f32>1 / sumOfFour(f32x4.add(low, high)));
    for (j = 0; j < width; j += 4) {
      const at = <usize>j << 2;
      storeUpToFour(target + at, f32x4.mul(loadUpToFour(target + at, width - j), inverse), width - j);
    }
    scores += scoresStep;
    target += targetStep;
    seen++;
  }
}

/**
 * The gradient of the scores from that of the probabilities, row by row as in `causalSoftmax`:
 * scale p (gradient - sum(p gradient)).
 */
export function causalSoftmaxGradient(
  probabilities: usize, gradient: usize, gradientStep: usize, target: usize, step: usize, rows: i32, width: i32,
  scale: f32,
): void {
  const factor = f32x4.splat(scale);
  for (; rows > 0; rows--) {
    let low = f32x4.splat(0);
    let high = low;
    let j = 0;
    for (; j <= width - 8; j += 8) {
      const at = <usize>j << 2;
      low = f32x4.add(low, f32x4.mul(v128.load(probabilities + at), v128.load(gradient + at)));
      high = f32x4.add(high, f32x4.mul(v128.load(probabilities + at, 16), v128.load(gradient + at, 16)));
    }
    for (; j < width; j += 4) {
      const at = <usize>j << 2;
      const product = f32x4.mul(loadUpToFour(probabilities + at, width - j), loadUpToFour(gradient + at, width - j));
      low = f32x4.add(low, product);
    }
    const mean = f32x4.splat(sumOfFour(f32x4.add(low, high)));
    for (j = 0; j < width; j += 4) {
      const at = <usize>j << 2;
      const scaled = f32x4.mul(loadUpToFour(probabilities + at, width - j), factor);
      const four = f32x4.sub(loadUpToFour(gradient + at, width - j), mean);
      storeUpToFour(target + at, f32x4.mul(scaled, four), width - j);
    }
    probabilities += step;
    gradient += gradientStep;
    target += step;
  }
}
