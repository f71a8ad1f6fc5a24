import type { Shape } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { singularVectors } from '../src/index.ts';

/** The product of a matrix with a diagonal and the transpose of another, [rows, columns]. */
function composed(left: number[][], values: number[], right: number[][]): Float64Array {
  return Float64Array.from(
    left.flatMap((l) => right.map((r) => values.reduce((sum, value, k) => sum + l[k]! * value * r[k]!, 0))),
  );
}

// Orthonormal columns.
const left = [
  [0.6, 0],
  [0.8, 0],
  [0, 1],
];
const right = [
  [0.28, 0.96],
  [0.96, -0.28],
];
const close = (actual: ArrayLike<number>, expected: readonly number[], numDigits: number) => {
  expect(actual.length).toBe(expected.length);
  for (const [i, x] of expected.entries()) expect(actual[i]).toBeCloseTo(x, numDigits);
};
const vectorsOf = (shape: Shape, data: Float64Array, axis: 0 | 1, count: number) =>
  singularVectors(shape, axis, count).inFloat64([{ shape, data }], []);

describe('singular vectors', () => {
  it.each([
    [0, 2, left.flat()],
    [0, 1, left.map((row) => row[0]!)],
    [1, 2, right.flat()],
    [1, 1, right.map((row) => row[0]!)],
  ] as const)('of axis %d, the first %d, are those that a matrix was made of', (axis, count, expected) => {
    close(vectorsOf([3, 2], composed(left, [5, 2], right), axis, count), expected, 14);
  });

  it('come by falling singular value', () => {
    const swapped = right.flatMap(([a, b]) => [b!, a!]);
    close(vectorsOf([3, 2], composed(left, [2, 5], right), 1, 2), swapped, 14);
  });

  it('are right at the ends of what float32 can hold, where squares are not', () => {
    for (const size of [1e-38, 1e38]) {
      const shape = [3, 2];
      const data = composed(left, [2 * size, size], right);
      close(vectorsOf(shape, data, 1, 2), right.flat(), 14);
      tf.tidy(() => {
        const tensor = tf.tensor(Float32Array.from(data), shape);
        close(singularVectors(shape, 1, 2).onTensors([tensor], []).dataSync(), right.flat(), 6);
      });
    }
  });

  it('are found where a Gram matrix in float32 would have lost them', () => {
    // The square of 1e-5 is far below float32's rounding of 1.
    close(vectorsOf([3, 2], composed(left, [1, 1e-5], right), 1, 2), right.flat(), 5);
  });

  it('beyond the rank of a matrix are unit vectors made orthogonal to the others', () => {
    const gradient = Float64Array.of(0, 0, 0, 0, 7, 0);
    expect([...vectorsOf([2, 3], gradient, 1, 3)]).toEqual([0, 1, 0, 1, 0, 0, 0, 0, 1]);
    expect([...vectorsOf([2, 3], new Float64Array(6), 1, 2)]).toEqual([1, 0, 0, 1, 0, 0]);
  });

  it('of a matrix with NaN are some basis', () => {
    const gradient = Float64Array.of(1, Number.NaN, 2, 3, 4, 5);
    expect([...vectorsOf([2, 3], gradient, 1, 1)]).toEqual([1, 0, 0]);
  });
});
