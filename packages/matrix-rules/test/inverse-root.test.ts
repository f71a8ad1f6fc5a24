import { describe, expect, it } from 'vitest';
import { inverseRoot } from '../src/index.ts';

const root = (matrix: readonly number[], length: number, scalars: readonly number[]): number[] => [
  ...inverseRoot(length).inFloat64([{ shape: [length, length], data: Float64Array.from(matrix) }], scalars),
];

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of actual.entries()) expect(value).toBeCloseTo(expected[index]!, 12);
}

describe('inverseRoot', () => {
  it('is a power of every eigenvalue', () => {
    // Eigenvalues 16 along (1, 1) and 4 along (1, -1): their inverse roots are 1/4 and 1/2.
    const matrix = [10, 6, 6, 10];
    expectClose(root(matrix, 2, [1, 0, 0.5]), [3 / 8, -1 / 8, -1 / 8, 3 / 8]);
  });

  it('divides the matrix first, and adds epsilon to what is left', () => {
    // Eigenvalues 32 / 2 and 8 / 2, less the epsilon of 3 that is added: (13 + 3)^-0.25 and (1 + 3)^-0.25.
    expectClose(root([26, 0, 0, 2], 2, [2, 3, 0.25]), [0.5, 0, 0, 4 ** -0.25]);
  });

  it('raises all eigenvalues where the smallest is below epsilon', () => {
    // -1 and 3 with an epsilon of 2 are 1 and 5, and 1 too small: 2 and 6.
    expectClose(root([-1, 0, 0, 3], 2, [1, 2, 1]), [1 / 2, 0, 0, 1 / 6]);
  });

  it('has no power above 2^10 times that of the largest eigenvalue, and nothing of nothing', () => {
    expectClose(root([2 ** 30, 0, 0, 0], 2, [1, 0, 0.5]), [2 ** -15, 0, 0, 2 ** -5]);
    expect(root([0, 0, 0, 0], 2, [1, 0, 1])).toEqual([0, 0, 0, 0]);
  });

  it('is no number where the matrix is none', () => {
    expect(root([1, 0, 0, Number.NaN], 2, [1, 0, 1])).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
    expect(root([Infinity], 1, [1, 0, 1])).toEqual([Number.NaN]);
  });
});
