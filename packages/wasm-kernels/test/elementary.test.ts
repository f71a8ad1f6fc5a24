import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

/** Numbers from `low` to `high`, as float32. */
const range = (low: number, high: number, count: number) =>
  Float32Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

/** erf by its Taylor series and, from 3 on, by its continued fraction, both in float64. */
function errorFunction(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude > 3) {
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / 2 / (magnitude + fraction);
    return Math.sign(x) * (1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (magnitude + fraction));
  }
  let term = x;
  let sum = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

describe('Exp', () => {
  it('is within 2 units in the last place from the smallest subnormal to the largest number', () => {
    const values = range(-103, 88.7, 20001);
    const actual = tf.exp(tf.tensor1d(values)).dataSync();
    for (const [i, x] of values.entries()) {
      const exact = Math.exp(x);
      const unit = 2 ** Math.max(Math.floor(Math.log2(exact)) - 23, -149);
      expect(Math.abs(actual[i]! - exact)).toBeLessThanOrEqual(2 * unit);
    }
  });

  it('is exact at 0, overflows to infinity, underflows to 0, and keeps NaN, in vectors and in their tails', () => {
    const special = [0, -0, 89, 1e30, Number.POSITIVE_INFINITY, -105, Number.NEGATIVE_INFINITY, Number.NaN];
    const expected = [
      1,
      1,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      0,
      0,
      Number.NaN,
    ];
    expect(Array.from(tf.exp(tf.tensor1d(special)).dataSync())).toEqual(expected);
    for (let length = 0; length < special.length; length++) {
      expect(Array.from(tf.exp(tf.tensor1d(special.slice(0, length))).dataSync())).toEqual(
        expected.slice(0, length),
      );
    }
  });
});

describe('Erf', () => {
  it('is within 2 units in the last place of 1 everywhere, and relative near 0', () => {
    const values = range(-5, 5, 20001);
    const actual = tf.erf(tf.tensor1d(values)).dataSync();
    for (const [i, x] of values.entries()) {
      const exact = errorFunction(x);
      expect(Math.abs(actual[i]! - exact)).toBeLessThan(2 ** -23);
      // Seven roundings of a float32.
      if (Math.abs(x) < 1) expect(Math.abs(actual[i]! - exact)).toBeLessThanOrEqual(4.2e-7 * Math.abs(exact));
    }
  });

  it('reaches 1 and -1 at infinity and keeps NaN and the sign of 0', () => {
    const special = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0, 1e30];
    expect(Array.from(tf.erf(tf.tensor1d(special)).dataSync())).toEqual([1, -1, Number.NaN, -0, 1]);
  });
});

describe('Add', () => {
  it('gives the float32 sum of every pair, whatever the length, special numbers included', () => {
    const special = [
      0,
      -0,
      1e-45,
      3e38,
      -3e38,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ];
    const pairs = special.flatMap((a) => special.map((b) => [a, b] as const));
    for (const count of [1, 2, 3, 4, 5, 63, 64]) {
      const [a, b] = [0, 1].map((side) => Float32Array.from(pairs.slice(0, count), (pair) => pair[side]!));
      const sum = tf.add(tf.tensor1d(a!), tf.tensor1d(b!)).dataSync();
      expect([...sum]).toEqual([...a!].map((x, i) => Math.fround(x + b![i]!)));
    }
  });

  it('leaves other shapes and types to tfjs', () => {
    expect([...tf.add(tf.tensor1d([1, 2]), 3).dataSync()]).toEqual([4, 5]);
    expect([...tf.add(tf.tensor2d([[1], [2]]), tf.tensor1d([10, 20])).dataSync()]).toEqual([11, 21, 12, 22]);
    const whole = tf.add(tf.tensor1d([1, 2], 'int32'), tf.tensor1d([3, 4], 'int32'));
    expect([whole.dtype, ...whole.dataSync()]).toEqual(['int32', 4, 6]);
    expect(tf.add(tf.zeros([0, 2]), tf.zeros([0, 2])).shape).toEqual([0, 2]);
  });
});
