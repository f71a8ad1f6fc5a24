import { exponentialOfNegative, polynomialStep } from './exponential';
import { loadUpToFour, storeUpToFour } from './lanes';

/**
 * Phi(-|x|) exp(x^2 / 2), the tail of the normal distribution without its fast decay, as 1/2 less u times a
 * polynomial in u = 0.22 |x| / (1 + 0.22 |x|): within 2.1e-7, which leaves Phi within 1e-7. The coefficients are from
 * scripts/gelu-coefficients.py.
 */
// @ts-ignore: decorator
@inline
function scaledTail(magnitude: v128): v128 {
  const m = f32x4.mul(magnitude, f32x4.splat(0.22));
  const u = f32x4.div(m, f32x4.add(m, f32x4.splat(1)));
  let sum = f32x4.splat(0.11552931368350983);
  sum = polynomialStep(sum, u, -0.3994169533252716);
  sum = polynomialStep(sum, u, 0.2902486026287079);
  sum = polynomialStep(sum, u, 0.9548143744468689);
  sum = polynomialStep(sum, u, -2.8937366008758545);
  sum = polynomialStep(sum, u, 3.9713704586029053);
  sum = polynomialStep(sum, u, -3.3519058227539062);
  sum = polynomialStep(sum, u, 1.8133739233016968);
  return f32x4.sub(f32x4.splat(0.5), f32x4.mul(sum, u));
}

// @ts-ignore: decorator
@inline
function bell(x: v128): v128 {
  return exponentialOfNegative(f32x4.mul(f32x4.mul(x, f32x4.splat(-0.5)), x));
}

/** Phi(x), given exp(-x^2 / 2). */
// @ts-ignore: decorator
@inline
function normalDistribution(x: v128, bell: v128): v128 {
  const tail = f32x4.mul(bell, scaledTail(f32x4.abs(x)));
  return v128.bitselect(tail, f32x4.sub(f32x4.splat(1), tail), f32x4.lt(x, f32x4.splat(0)));
}

/** target = x Phi(x), element by element. */
export function gelu(x: usize, target: usize, size: i32): void {
  for (; size > 0; size -= 4) {
    const four = loadUpToFour(x, size);
    storeUpToFour(target, f32x4.mul(four, normalDistribution(four, bell(four))), size);
    x += 16;
    target += 16;
  }
}

/** target = gradient (Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi)), element by element. */
export function geluGradient(x: usize, gradient: usize, target: usize, size: i32): void {
  for (; size > 0; size -= 4) {
    const four = loadUpToFour(x, size);
    const density = bell(four);
    const slope = f32x4.add(
      normalDistribution(four, density),
      f32x4.mul(four, f32x4.mul(density, f32x4.splat(0.3989422804))),
    );
    storeUpToFour(target, f32x4.mul(loadUpToFour(gradient, size), slope), size);
    x += 16;
    gradient += 16;
    target += 16;
  }
}
