import type { TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  identityMatrix,
  largestMagnitude,
  matrixProduct,
  normLowerBound,
  triangularSolution,
  upperTriangle,
} from '../src/index.ts';
import { ofExpression } from './of-expression.ts';

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

  it('are made of upper triangles, and of the identity', () => {
    const triangle = [1, 2, 3, 0, 5, 6, 0, 0, 9];
    const found = ofExpression(upperTriangle, [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(found).toEqual({ tensor: triangle, float64: triangle });
    expect(both(identityMatrix(2))).toEqual([1, 0, 0, 1]);
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

  it.each([
    ['exact for a diagonal', [3, 0, 0, 5], 5],
    ['exact for a matrix of rank one', [1, 2, 2, 4], 5],
    ['0 for zeros', [0, 0, 0, 0], 0],
  ])('are a lower bound of the norm that is %s', (_, data, expected) => {
    expect(both(normLowerBound(2), { shape: [2, 2], data })[0]).toBeCloseTo(expected, 12);
  });

  it('are a lower bound of the norm that is no larger', () => {
    // Eigenvalues 1 and 3.
    const [bound] = both(normLowerBound(2), { shape: [2, 2], data: [2, 1, 1, 2] });
    expect(bound).toBeLessThanOrEqual(3);
    expect(bound).toBeGreaterThan(2.5);
  });
});
