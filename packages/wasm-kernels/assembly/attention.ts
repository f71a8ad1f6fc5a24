import { exponentialOfNegative } from './exponential';
import { keepUpToFour, loadUpToFour, storeUpToFour, sumOfFour } from './lanes';
import { largestOfRow } from './softmax';

/**
 * Probabilities of a block of queries, the first of which looks at `seen` keys and each next at one more:
 * softmax(scale scores) over these, 0 for the other keys up to `width`. Rows lie the given bytes apart; the two
 * may be one place.
 */
export function causalSoftmax(
  scores: usize, scoresStep: usize, target: usize, targetStep: usize, rows: i32, seen: i32, width: i32, scale: f32,
): void {
  const factor = f32x4.splat(scale);
  for (; rows > 0; rows--) {
    const shift = f32x4.splat(largestOfRow(scores, seen));
    let sum = f32x4.splat(0);
    for (let j = 0; j < width; j += 4) {
      const at = <usize>j << 2;
      const left = seen - j;
      const four = f32x4.sub(loadUpToFour(scores + at, width - j), shift);
      const power = left > 0
        ? keepUpToFour(exponentialOfNegative(f32x4.mul(four, factor)), left)
        : f32x4.splat(0);
      sum = f32x4.add(sum, power);
      storeUpToFour(target + at, power, width - j);
    }
    const inverse = f32x4.splat(<f32>1 / sumOfFour(sum));
    for (let j = 0; j < seen; j += 4) {
      const at = <usize>j << 2;
      storeUpToFour(target + at, f32x4.mul(loadUpToFour(target + at, seen - j), inverse), seen - j);
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
    let sum = f32x4.splat(0);
    for (let j = 0; j < width; j += 4) {
      const at = <usize>j << 2;
      const product = f32x4.mul(loadUpToFour(probabilities + at, width - j), loadUpToFour(gradient + at, width - j));
      sum = f32x4.add(sum, product);
    }
    const mean = f32x4.splat(sumOfFour(sum));
    for (let j = 0; j < width; j += 4) {
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
