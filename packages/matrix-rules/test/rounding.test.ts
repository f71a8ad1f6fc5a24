import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { gramMatrix, reordering, rotation } from '../src/axis-matrices.ts';
import { eigenvectors } from '../src/eigenvectors.ts';
import { boundedGradient, withoutRounding } from '../src/magnitudes.ts';
import { ofExpression } from './of-expression.ts';

/** Columns of a flat matrix. */
const columns = (matrix: Float64Array, n: number): number[][] =>
  Array.from({ length: n }, (_, column) => Array.from({ length: n }, (_, row) => matrix[row * n + column]!));

const diagonal = (...values: number[]): Float64Array =>
  Float64Array.from({ length: values.length ** 2 }, (_, index) =>
    index % (values.length + 1) === 0 ? values[index / (values.length + 1)]! : 0,
  );

const axes = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

describe('eigenvalues that may be rounding', () => {
  // Those of a float32 matrix of n rows: at most n * 2^-23 times the largest.
  const limit = 4 * 3 * 2 ** -23;

  it('give no eigenvectors up to the limit: the rest of the basis is axes in their order', () => {
    expect(columns(eigenvectors(diagonal(4, limit / 2, limit), 3), 3)).toEqual(axes);
  });

  it('give eigenvectors by falling eigenvalue above the limit', () => {
    const vectors = eigenvectors(diagonal(4, limit * 1.001, limit * 1.002), 3);
    expect(columns(vectors, 3)).toEqual([axes[0], axes[2], axes[1]]);
  });
});

describe('the sign of an eigenvector', () => {
  it.each([
    ['the largest element is the first', [0.8, -0.6]],
    ['the largest element is the last', [-0.6, 0.8]],
    ['two are as large, where the first counts', [Math.SQRT1_2, -Math.SQRT1_2]],
  ])('makes its largest element positive: %s', (_, direction) => {
    const matrix = Float64Array.from([0, 1, 2, 3], (index) => direction[index >> 1]! * direction[index & 1]!);
    const [first] = columns(eigenvectors(matrix, 2), 2);
    for (const [index, value] of first!.entries()) expect(value).toBeCloseTo(direction[index]!, 12);
  });
});

describe('elements of a rotated gradient', () => {
  const noise = 2 ** -21;
  it.each([
    ['large', 1],
    ['small', 2 ** -40],
    ['huge', 2 ** 40],
  ])('are 0 up to 2^-21 of the largest, and kept above: %s', (_, scale) => {
    const data = [-1, noise, -noise, 1.001 * noise, -1.001 * noise, 0].map((x) => Math.fround(x * scale));
    const kept = [data[0], 0, 0, data[3], data[4], 0];
    expect(ofExpression(withoutRounding, [6], data)).toEqual({ tensor: kept, float64: kept });
  });

  it('stay what they are if they are not numbers', () => {
    expect(ofExpression(withoutRounding, [2], [Number.NaN, 1]).tensor[0]).toBeNaN();
    const { tensor, float64 } = ofExpression(withoutRounding, [2], [-Infinity, 1]);
    expect([tensor[0], float64[0]]).toEqual([Number.NaN, Number.NaN]);
  });
});

it('gradients are brought within 1e15 of zero, except for infinities and NaN', () => {
  const data = [-3e38, -1e15, -2, 0, 1e-45, 2e15, Infinity, -Infinity, Number.NaN].map(Math.fround);
  const bound = Math.fround(1e15);
  const bounded = [-bound, -bound, -2, 0, data[4]!, bound, Infinity, -Infinity, Number.NaN];
  const { tensor, float64 } = ofExpression(boundedGradient, [9], data);
  expect(tensor).toEqual(bounded);
  expect(float64.map(Math.fround)).toEqual(bounded);
});

describe('transforms along an axis', () => {
  const shape = [2, 3, 4];
  const data = Float64Array.from({ length: 24 }, (_, index) => Math.sin(index * index + 1));
  const at = (position: readonly number[]): number => (position[0]! * 3 + position[1]!) * 4 + position[2]!;
  const positions = [...data.keys()].map((index) => [
    Math.floor(index / 12),
    Math.floor(index / 4) % 3,
    index % 4,
  ]);
  const matrixOf = (n: number) => Float64Array.from({ length: n * n }, (_, index) => Math.cos(7 * index + n));

  const agree = (tensor: tf.Tensor, float64: Float64Array, expected: readonly number[]): void => {
    const actual = [...tensor.dataSync()];
    expect(actual).toHaveLength(expected.length);
    expect(float64).toHaveLength(expected.length);
    for (const [index, value] of expected.entries()) {
      expect(float64[index]).toBeCloseTo(value, 12);
      // Sums of at most 12 products below 1, in float32.
      expect(actual[index]).toBeCloseTo(value, 5);
    }
  };

  it.each([0, 1, 2])('a Gram matrix of axis %d holds the products of its slices', (axis) => {
    const n = shape[axis]!;
    const expected = Array.from({ length: n * n }, (_, index) => {
      const [i, j] = [Math.floor(index / n), index % n];
      return positions
        .filter((position) => position[axis] === i)
        .reduce((sum, position) => sum + data[at(position)]! * data[at(position.with(axis, j))]!, 0);
    });
    const { shape: gramShape, onTensors, inFloat64 } = gramMatrix(shape, axis);
    expect(gramShape).toEqual([n, n]);
    agree(
      onTensors([tf.tensor(Float32Array.from(data), shape)], []),
      inFloat64([{ shape, data }], []),
      expected,
    );
  });

  it.each([0, 1, 2].flatMap((axis) => [[axis, 'forward'] as const, [axis, 'backward'] as const]))(
    'a rotation of axis %d %s is a sum over its elements',
    (axis, direction) => {
      const n = shape[axis]!;
      const basis = matrixOf(n);
      const expected = positions.map((position) => {
        const i = position[axis]!;
        let sum = 0;
        for (let j = 0; j < n; j++) {
          const weight = direction === 'forward' ? basis[j * n + i]! : basis[i * n + j]!;
          sum += weight * data[at(position.with(axis, j))]!;
        }
        return sum;
      });
      const { shape: sameShape, onTensors, inFloat64 } = rotation(shape, axis, direction);
      expect(sameShape).toEqual(shape);
      const tensors = [
        tf.tensor(Float32Array.from(data), shape),
        tf.tensor(Float32Array.from(basis), [n, n]),
      ];
      agree(
        onTensors(tensors, []),
        inFloat64(
          [
            { shape, data },
            { shape: [n, n], data: basis },
          ],
          [],
        ),
        expected,
      );
    },
  );

  it.each([0, 1, 2])('a reordering of axis %d takes its slices by index', (axis) => {
    const n = shape[axis]!;
    const order = Array.from({ length: n }, (_, index) => (index + 1) % n);
    const expected = positions.map((position) => data[at(position.with(axis, order[position[axis]!]!))]!);
    const { onTensors, inFloat64 } = reordering(shape, axis);
    agree(
      onTensors([tf.tensor(Float32Array.from(data), shape), tf.tensor1d(order)], []),
      inFloat64(
        [
          { shape, data },
          { shape: [n], data: Float64Array.from(order) },
        ],
        [],
      ),
      expected,
    );
  });
});
