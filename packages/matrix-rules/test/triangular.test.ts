import type { TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  gramDifference,
  identityMatrix,
  largestMagnitude,
  matrixProduct,
  triangleProduct,
  triangularSolution,
} from '../src/index.ts';

/** The result of either interpreter, which must agree to float32. */
function both(definition: TensorTransform, ...inputs: { shape: number[]; data: number[] }[]): number[] {
  const exact = definition.inFloat64(
    inputs.map(({ shape, data }) => ({ shape, data: Float64Array.from(data) })),
    [],
  );
  const tensor = tf.tidy(() => {
    const result = definition.onTensors(
      inputs.map(({ shape, data }) => tf.tensor(data, shape)),
      [],
    );
    expect(result.shape).toEqual([...definition.shape]);
    return result.dataSync();
  });
  expect(tensor).toHaveLength(exact.length);
  for (const [i, x] of exact.entries()) expect(tensor[i]).toBeCloseTo(x, 4);
  return [...exact];
}

const q = { shape: [2, 2], data: [2, 3, 0, 4] };

describe('triangular systems', () => {
  it('are solved for the transposed matrix along an axis', () => {
    // Q^T y = (4, 22): 2 y0 = 4, 3 y0 + 4 y1 = 22.
    expect(both(triangularSolution([2], 0), { shape: [2], data: [4, 22] }, q)).toEqual([2, 4]);
    const x = { shape: [2, 2], data: [4, 2, 22, 11] };
    expect(both(triangularSolution([2, 2], 0), x, q)).toEqual([2, 1, 4, 2]);
    const transposed = { shape: [2, 2], data: [4, 22, 2, 11] };
    expect(both(triangularSolution([2, 2], 1), transposed, q)).toEqual([2, 4, 1, 2]);
  });

  it('are made of the identity, and multiplied', () => {
    expect(both(identityMatrix(2))).toEqual([1, 0, 0, 1]);
    // (2 3; 0 4) (1 5; 0 -1).
    expect(both(triangleProduct(2), q, { shape: [2, 2], data: [1, 5, 0, -1] })).toEqual([2, 7, 0, -4]);
  });
});

describe('products and sizes of matrices', () => {
  const a = { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };

  it('are products, also with one of the two transposed', () => {
    const b = { shape: [3, 1], data: [1, 0, -1] };
    expect(both(matrixProduct([2, 3], [3, 1]), a, b)).toEqual([-2, -2]);
    const c = { shape: [2, 1], data: [1, -1] };
    expect(both(matrixProduct([2, 3], [2, 1], 'left'), a, c)).toEqual([-3, -3, -3]);
    const d = { shape: [1, 3], data: [1, 0, -1] };
    expect(both(matrixProduct([2, 3], [1, 3], 'right'), a, d)).toEqual([-2, -2]);
  });

  it('are the largest magnitude, in as many axes', () => {
    expect(both(largestMagnitude([2, 3]), { ...a, data: [1, -7, 3, 4, 5, 6] })).toEqual([7]);
  });
});

describe('the difference of Gram matrices by the norm of their sum', () => {
  const column = (...data: number[]) => ({ shape: [2, 1], data });

  it('is exact where the sum has rank one', () => {
    // A A^T = (9 12; 12 16), of norm 25, and B = 0.
    const found = both(gramDifference([2, 1], 0), column(3, 4), column(0, 0));
    for (const [i, x] of [0.36, 0.48, 0, 0.64].entries()) expect(found[i]).toBeCloseTo(x, 12);
  });

  it('is exact where the sum is diagonal', () => {
    // A A^T = diag(3^2, 0), B B^T = diag(0, 2^2): the longest column is the first.
    const found = both(gramDifference([2, 1], 0), column(3, 0), column(0, 2));
    for (const [i, x] of [1, 0, 0, -4 / 9].entries()) expect(found[i]).toBeCloseTo(x, 12);
  });

  it('divides by a lower bound near the norm', () => {
    // A of rows (1, 1) and (1, 0): the sum is (2 1; 1 1), w = (2, 1), S w = (5, 3), S S w = (13, 8).
    const found = both(
      gramDifference([2, 2], 0),
      { shape: [2, 2], data: [1, 1, 1, 0] },
      { shape: [2, 2], data: [0, 0, 0, 0] },
    );
    const bound = Math.sqrt((13 ** 2 + 8 ** 2) / (5 ** 2 + 3 ** 2));
    for (const [i, x] of [2, 1, 0, 1].entries()) expect(found[i]).toBeCloseTo(x / bound, 12);
    expect(bound).toBeLessThanOrEqual((3 + Math.sqrt(5)) / 2);
  });

  it('sees a tensor along each of its axes', () => {
    const a = { shape: [2, 1, 2], data: [1, 2, 3, 4] };
    const b = { shape: [2, 1, 2], data: [0, 0, 0, 0] };
    // The only slice of the middle axis has squares 30; along the last, (10 14; 14 20) has rank one up to 0.13.
    expect(both(gramDifference([2, 1, 2], 1), a, b)).toEqual([1]);
    const last = both(gramDifference([2, 1, 2], 2), a, b);
    expect(last[1]! / last[0]!).toBeCloseTo(1.4, 12);
    expect(last[2]).toBe(0);
    expect(last[3]! / last[0]!).toBeCloseTo(2, 12);
  });

  it('is zero for zeros', () => {
    expect(both(gramDifference([2, 1], 0), column(0, 0), column(0, 0))).toEqual([0, 0, 0, 0]);
  });
});
