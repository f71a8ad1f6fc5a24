import { exponentialOfNegative, polynomialStep } from './exponential';

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

// The loops take eight numbers at a time and nothing else: V8 then makes each coefficient once for two vectors, and one
// vector's sums are worked on while the other's wait. What is left of an array goes through a copy of eight.

function geluOfEights(x: usize, target: usize, eights: i32): void {
  for (; eights > 0; eights--) {
    const first = v128.load(x);
    const second = v128.load(x, 16);
    const firstBell = bell(first);
    const secondBell = bell(second);
    v128.store(target, f32x4.mul(first, normalDistribution(first, firstBell)));
    v128.store(target, f32x4.mul(second, normalDistribution(second, secondBell)), 16);
    x += 32;
    target += 32;
  }
}

/** target = x Phi(x), element by element. `scratch` is room for 8 numbers. */
export function gelu(x: usize, target: usize, size: i32, scratch: usize): void {
  geluOfEights(x, target, size >> 3);
  const left = <usize>(size & 7) << 2;
  if (left > 0) {
    const whole = (<usize>size << 2) - left;
    memory.copy(scratch, x + whole, left);
    geluOfEights(scratch, scratch, 1);
    memory.copy(target + whole, scratch, left);
  }
}

// @ts-ignore: decorator
@inline
function slope(x: v128, bell: v128): v128 {
  return f32x4.add(normalDistribution(x, bell), f32x4.mul(x, f32x4.mul(bell, f32x4.splat(0.3989422804))));
}

function geluGradientOfEights(x: usize, gradient: usize, target: usize, eights: i32): void {
  for (; eights > 0; eights--) {
    const first = v128.load(x);
    const second = v128.load(x, 16);
    const firstBell = bell(first);
    const secondBell = bell(second);
    v128.store(target, f32x4.mul(v128.load(gradient), slope(first, firstBell)));
    v128.store(target, f32x4.mul(v128.load(gradient, 16), slope(second, secondBell)), 16);
    x += 32;
    gradient += 32;
    target += 32;
  }
}

/**
 * target = gradient (Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi)), element by element. `scratch` is room for 16 numbers.
 */
export function geluGradient(x: usize, gradient: usize, target: usize, size: i32, scratch: usize): void {
  geluGradientOfEights(x, gradient, target, size >> 3);
  const left = <usize>(size & 7) << 2;
  if (left > 0) {
    const whole = (<usize>size << 2) - left;
    memory.copy(scratch, x + whole, left);
    memory.copy(scratch + 32, gradient + whole, left);
    geluGradientOfEights(scratch, scratch + 32, scratch, 1);
    memory.copy(target + whole, scratch, left);
  }
}
