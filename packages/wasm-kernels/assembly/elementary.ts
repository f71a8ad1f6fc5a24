import { polynomialStep } from './exponential';
import { loadUpToFour, storeUpToFour } from './lanes';

/**
 * e^x of four numbers, within 2 units in the last place, subnormal results included; NaN stays NaN.
 * x = n ln 2 + r with |r| <= ln 2 / 2, and e^r from its Taylor series to r^7 (error below 6e-9).
 */
function exponential(x: v128): v128 {
  // Past these bounds the result is 0 or infinity already; n stays small enough for two factors of 2^(n/2).
  // The pseudo-minimum is one instruction and keeps a NaN in its first operand.
  x = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89)), f32x4.splat(-104));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  // ln 2 in two parts, the first short enough that n times it is exact.
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let sum = f32x4.splat(1.0 / 5040.0);
  sum = polynomialStep(sum, r, 1.0 / 720.0);
  sum = polynomialStep(sum, r, 1.0 / 120.0);
  sum = polynomialStep(sum, r, 1.0 / 24.0);
  sum = polynomialStep(sum, r, 1.0 / 6.0);
  sum = polynomialStep(sum, r, 0.5);
  sum = polynomialStep(sum, r, 1);
  sum = polynomialStep(sum, r, 1);
  const power = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(power, 1);
  const rest = i32x4.sub(power, half);
  const bias = i32x4.splat(127);
  sum = f32x4.mul(sum, i32x4.shl(i32x4.add(half, bias), 23));
  return f32x4.mul(sum, i32x4.shl(i32x4.add(rest, bias), 23));
}

/** erf of four numbers, within 1.2e-7 (one float32 unit of 1); coefficients from scripts/erf-coefficients.py. */
function errorFunction(x: v128): v128 {
  const magnitude = f32x4.abs(x);
  const square = f32x4.mul(x, x);
  let near = f32x4.splat(7.847259096e-5);
  near = polynomialStep(near, square, -8.008189313e-4);
  near = polynomialStep(near, square, 5.188098888e-3);
  near = polynomialStep(near, square, -2.685369110e-2);
  near = polynomialStep(near, square, 1.128358225e-1);
  near = polynomialStep(near, square, -3.761262557e-1);
  near = polynomialStep(near, square, 1.28379166e-1);
  // The leading 1 is added last, where it rounds least.
  near = f32x4.add(x, f32x4.mul(near, x));
  // From 4 on, erf is 1 in float32.
  const centered = f32x4.sub(f32x4.pmin(magnitude, f32x4.splat(4)), f32x4.splat(2.5));
  let far = f32x4.splat(3.877706631e-7);
  far = polynomialStep(far, centered, -1.946547509e-5);
  far = polynomialStep(far, centered, 6.669407005e-5);
  far = polynomialStep(far, centered, -4.260881559e-4);
  far = polynomialStep(far, centered, 2.167993840e-3);
  far = polynomialStep(far, centered, -1.085445956e-2);
  far = polynomialStep(far, centered, -9.438926431e-1);
  far = polynomialStep(far, centered, -5.352680768);
  far = polynomialStep(far, centered, -7.806815303);
  far = f32x4.sub(f32x4.splat(1), exponential(far));
  far = v128.or(far, v128.and(x, i32x4.splat(0x80000000)));
  return v128.bitselect(near, far, f32x4.lt(magnitude, f32x4.splat(1)));
}

/** target = e^x, element by element. */
export function exp(x: usize, target: usize, size: i32): void {
  for (; size > 0; size -= 4) {
    const result = exponential(loadUpToFour(x, size));
    storeUpToFour(target, result, size);
    x += 16;
    target += 16;
  }
}

/** target = erf(x), element by element. */
export function erf(x: usize, target: usize, size: i32): void {
  for (; size > 0; size -= 4) {
    const result = errorFunction(loadUpToFour(x, size));
    storeUpToFour(target, result, size);
    x += 16;
    target += 16;
  }
}

/** target = a + b, element by element; target may be one of them. */
export function addition(a: usize, b: usize, target: usize, size: i32): void {
  for (; size > 0; size -= 4) {
    storeUpToFour(target, f32x4.add(loadUpToFour(a, size), loadUpToFour(b, size)), size);
    a += 16;
    b += 16;
    target += 16;
  }
}
