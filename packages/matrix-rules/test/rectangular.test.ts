import { describe, expect, it } from 'vitest';
import { orthogonalFactor } from '../src/orthogonal-factor.ts';

describe('the orthogonal factor of a matrix with more rows than columns', () => {
  it('has orthonormal columns that span the first ones in turn', () => {
    const q = orthogonalFactor(Float64Array.of(3, 1, 0, 2, 4, -1), 3, 2);
    const column = (j: number) => [0, 1, 2].map((i) => q[i * 2 + j]!);
    const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    // (3, 0, 4) by its length 5; (1, 2, -1) without its part along that, -0.2 of it.
    const second = [1 + 0.2 * 0.6, 2, -1 + 0.2 * 0.8];
    const length = Math.hypot(...second);
    for (const [i, x] of [0.6, 0, 0.8].entries()) expect(column(0)[i]).toBeCloseTo(x, 14);
    for (const [i, x] of second.entries()) expect(column(1)[i]).toBeCloseTo(x / length, 14);
    expect(dot(column(0), column(1))).toBeCloseTo(0, 14);
  });
});
