// Arithmetic in registers and nothing else: what one thread can do at most with 128-bit SIMD. Each loop answers a number
// so that no work can be left out. Engines differ in how they place registers, hence more than one loop.

function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return sum;
}

/** Operations of one round of `sums` and of `sumsTwice`, and of one round of `apart`: every lane counts. */
export function sumsOperations(): i32 {
  return ASC_FEATURE_RELAXED_SIMD ? 12 * 8 : 0;
}
export function apartOperations(): i32 {
  return 20 * 4;
}

/** Twelve sums, to which a product is added in one instruction, where the engine has it. */
export function sums(rounds: i32, x: f32): f32 {
  const a = f32x4.splat(x);
  const b = f32x4.splat(x * 0.5);
  let c0 = f32x4.splat(x);
  let c1 = f32x4.splat(x);
  let c2 = f32x4.splat(x);
  let c3 = f32x4.splat(x);
  let c4 = f32x4.splat(x);
  let c5 = f32x4.splat(x);
  let c6 = f32x4.splat(x);
  let c7 = f32x4.splat(x);
  let c8 = f32x4.splat(x);
  let c9 = f32x4.splat(x);
  let c10 = f32x4.splat(x);
  let c11 = f32x4.splat(x);
  for (; rounds > 0; rounds--) {
    c0 = multiplyAdd(a, b, c0);
    c1 = multiplyAdd(a, b, c1);
    c2 = multiplyAdd(a, b, c2);
    c3 = multiplyAdd(a, b, c3);
    c4 = multiplyAdd(a, b, c4);
    c5 = multiplyAdd(a, b, c5);
    c6 = multiplyAdd(a, b, c6);
    c7 = multiplyAdd(a, b, c7);
    c8 = multiplyAdd(a, b, c8);
    c9 = multiplyAdd(a, b, c9);
    c10 = multiplyAdd(a, b, c10);
    c11 = multiplyAdd(a, b, c11);
  }
  c0 = f32x4.add(c0, c1);
  c0 = f32x4.add(c0, c2);
  c0 = f32x4.add(c0, c3);
  c0 = f32x4.add(c0, c4);
  c0 = f32x4.add(c0, c5);
  c0 = f32x4.add(c0, c6);
  c0 = f32x4.add(c0, c7);
  c0 = f32x4.add(c0, c8);
  c0 = f32x4.add(c0, c9);
  c0 = f32x4.add(c0, c10);
  c0 = f32x4.add(c0, c11);
  return f32x4.extract_lane(c0, 0);
}

/** `sums`, two rounds at once. */
export function sumsTwice(rounds: i32, x: f32): f32 {
  const a = f32x4.splat(x);
  const b = f32x4.splat(x * 0.5);
  let c0 = f32x4.splat(x);
  let c1 = f32x4.splat(x);
  let c2 = f32x4.splat(x);
  let c3 = f32x4.splat(x);
  let c4 = f32x4.splat(x);
  let c5 = f32x4.splat(x);
  let c6 = f32x4.splat(x);
  let c7 = f32x4.splat(x);
  let c8 = f32x4.splat(x);
  let c9 = f32x4.splat(x);
  let c10 = f32x4.splat(x);
  let c11 = f32x4.splat(x);
  for (; rounds > 0; rounds--) {
    c0 = multiplyAdd(a, b, c0);
    c1 = multiplyAdd(a, b, c1);
    c2 = multiplyAdd(a, b, c2);
    c3 = multiplyAdd(a, b, c3);
    c4 = multiplyAdd(a, b, c4);
    c5 = multiplyAdd(a, b, c5);
    c6 = multiplyAdd(a, b, c6);
    c7 = multiplyAdd(a, b, c7);
    c8 = multiplyAdd(a, b, c8);
    c9 = multiplyAdd(a, b, c9);
    c10 = multiplyAdd(a, b, c10);
    c11 = multiplyAdd(a, b, c11);
    c0 = multiplyAdd(a, b, c0);
    c1 = multiplyAdd(a, b, c1);
    c2 = multiplyAdd(a, b, c2);
    c3 = multiplyAdd(a, b, c3);
    c4 = multiplyAdd(a, b, c4);
    c5 = multiplyAdd(a, b, c5);
    c6 = multiplyAdd(a, b, c6);
    c7 = multiplyAdd(a, b, c7);
    c8 = multiplyAdd(a, b, c8);
    c9 = multiplyAdd(a, b, c9);
    c10 = multiplyAdd(a, b, c10);
    c11 = multiplyAdd(a, b, c11);
  }
  c0 = f32x4.add(c0, c1);
  c0 = f32x4.add(c0, c2);
  c0 = f32x4.add(c0, c3);
  c0 = f32x4.add(c0, c4);
  c0 = f32x4.add(c0, c5);
  c0 = f32x4.add(c0, c6);
  c0 = f32x4.add(c0, c7);
  c0 = f32x4.add(c0, c8);
  c0 = f32x4.add(c0, c9);
  c0 = f32x4.add(c0, c10);
  c0 = f32x4.add(c0, c11);
  return f32x4.extract_lane(c0, 0);
}

/** Eight sums, to which the products of four changing numbers with two others are added. */
export function apart(rounds: i32, x: f32): f32 {
  const b0 = f32x4.splat(x);
  const b1 = f32x4.splat(0.5);
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(1);
  let a2 = f32x4.splat(2);
  let a3 = f32x4.splat(3);
  let c0 = f32x4.splat(x);
  let c1 = f32x4.splat(x);
  let c2 = f32x4.splat(x);
  let c3 = f32x4.splat(x);
  let c4 = f32x4.splat(x);
  let c5 = f32x4.splat(x);
  let c6 = f32x4.splat(x);
  let c7 = f32x4.splat(x);
  for (; rounds > 0; rounds--) {
    c0 = f32x4.add(c0, f32x4.mul(a0, b0));
    c1 = f32x4.add(c1, f32x4.mul(a0, b1));
    c2 = f32x4.add(c2, f32x4.mul(a1, b0));
    c3 = f32x4.add(c3, f32x4.mul(a1, b1));
    c4 = f32x4.add(c4, f32x4.mul(a2, b0));
    c5 = f32x4.add(c5, f32x4.mul(a2, b1));
    c6 = f32x4.add(c6, f32x4.mul(a3, b0));
    c7 = f32x4.add(c7, f32x4.mul(a3, b1));
    a0 = f32x4.add(a0, b0);
    a1 = f32x4.add(a1, b0);
    a2 = f32x4.add(a2, b0);
    a3 = f32x4.add(a3, b0);
  }
  c0 = f32x4.add(c0, c1);
  c0 = f32x4.add(c0, c2);
  c0 = f32x4.add(c0, c3);
  c0 = f32x4.add(c0, c4);
  c0 = f32x4.add(c0, c5);
  c0 = f32x4.add(c0, c6);
  c0 = f32x4.add(c0, c7);
  return f32x4.extract_lane(c0, 0);
}
