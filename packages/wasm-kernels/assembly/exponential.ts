// @ts-ignore: decorator
@inline
export function polynomialStep(sum: v128, x: v128, coefficient: f32): v128 {
  return f32x4.add(f32x4.mul(sum, x), f32x4.splat(coefficient));
}

/**
 * e^x of four numbers of at most about 0 (below 88 in fact), within 2 units in the last place where the result is
 * normal, 0 below e^-87; NaN stays NaN. Softmax and the bell curve need no more, and it costs half of `exp`.
 * x = n ln 2 + r with |r| <= ln 2 / 2; the polynomial is that of scripts/exponential-coefficients.py.
 */
// @ts-ignore: decorator
@inline
export function exponentialOfNegative(x: v128): v128 {
  const tooSmall = f32x4.lt(x, f32x4.splat(-87));
  x = f32x4.pmax(x, f32x4.splat(-87));
  // Adding 1.5 2^23 rounds to a whole number, which is then in the low bits of the sum.
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504)), f32x4.splat(12582912));
  const n = f32x4.sub(shifted, f32x4.splat(12582912));
  // ln 2 in two parts, the first short enough that n times it is exact.
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let sum = f32x4.splat(1.3814219273626804e-3);
  sum = polynomialStep(sum, r, 8.36889911442995e-3);
  sum = polynomialStep(sum, r, 4.166840761899948e-2);
  sum = polynomialStep(sum, r, 1.666651964187622e-1);
  sum = polynomialStep(sum, r, 0.5);
  sum = polynomialStep(sum, r, 1);
  sum = polynomialStep(sum, r, 1);
  // A product, not an addition to the exponent, so that NaN stays NaN.
  const power = i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(0x3f800000));
  return v128.andnot(f32x4.mul(sum, power), tooSmall);
}
