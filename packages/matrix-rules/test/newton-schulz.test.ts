import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { newtonSchulz } from '../src/newton-schulz.ts';

/** The iteration on a singular value of a matrix that was divided by its norm (Jordan et al. 2024). */
function quintic(singularValue: number): number {
  let x = singularValue;
  for (let iteration = 0; iteration < 5; iteration++) x = 3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5;
  return x;
}

/** The transform by either interpreter. */
function both(shape: number[], data: number[]): { tensor: number[]; float64: number[] } {
  const { onTensors, inFloat64 } = newtonSchulz(shape);
  const tensor = tf.tidy(() => [...onTensors([tf.tensor(data, shape)], [1e-7]).dataSync()]);
  return { tensor, float64: [...inFloat64([{ shape, data: Float64Array.from(data) }], [1e-7])] };
}

describe('the Newton-Schulz iteration', () => {
  it('adds 1e-7 to the norm, whatever the sign: a matrix of that norm counts as one of half', () => {
    const { tensor, float64 } = both([1, 1], [-1e-7]);
    expect(float64[0]).toBeCloseTo(-quintic(0.5), 12);
    expect(tensor[0]).toBeCloseTo(-quintic(0.5), 5);
  });

  it.each([[[3, 3]], [[2, 3]], [[3, 2]], [[2, 3, 2]]])(
    'is the same by either interpreter for the shape %j',
    (shape) => {
      const data = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(3 * i + 1));
      const { tensor, float64 } = both(shape, data);
      expect(tensor).toHaveLength(float64.length);
      // Ten float32 products of matrices whose entries are at most about 1.
      for (const [index, value] of float64.entries()) expect(tensor[index]).toBeCloseTo(value, 5);
    },
  );

  it.each([
    [
      [3, 40],
      [3, 3],
    ],
    [
      [40, 3],
      [3, 3],
    ],
    [
      [2, 40, 3],
      [2, 3, 3],
    ],
  ])(
    'of the shape %j multiplies the smaller of the two products of the matrix and its transpose',
    async (shape, gram) => {
      const { kernels } = await tf.profile(() =>
        newtonSchulz(shape).onTensors([tf.randomNormal(shape)], [1e-7]),
      );
      const products = kernels
        .filter(({ name }) => name === 'BatchMatMul')
        .map(({ outputShapes }) => outputShapes[0]!);
      // X X^T, its square and the product with X, five times; matMul sees every matrix as a batch.
      const withBatch = (lengths: readonly number[]) =>
        lengths.length === 2 ? [1, ...lengths] : [...lengths];
      const one = [gram, gram, shape].map(withBatch);
      expect(products.map((lengths) => withBatch(lengths))).toEqual([...one, ...one, ...one, ...one, ...one]);
    },
  );
});
