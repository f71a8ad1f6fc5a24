import { describe, expect, it } from 'vitest';
import { eigenvectors } from '../src/eigenvectors.ts';
import { orthogonalFactor } from '../src/orthogonal-factor.ts';

type Matrix = Float64Array;

/** Numbers in [-1, 1] that depend on the seed as if at random. */
function scattered(size: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** The product of a [n, inner] matrix' transpose (or itself) and a matrix, by definition. */
function product(left: Matrix, right: Matrix, n: number, transposeLeft = false): Matrix {
  return Float64Array.from({ length: n * n }, (_, index) => {
    const [i, j] = [Math.floor(index / n), index % n];
    let sum = 0;
    for (let k = 0; k < n; k++) sum += left[transposeLeft ? k * n + i : i * n + k]! * right[k * n + j]!;
    return sum;
  });
}

function gram(rows: number, rank: number, seed: number): Matrix {
  const data = scattered(rows * rank, seed);
  return Float64Array.from({ length: rows * rows }, (_, index) => {
    const [i, j] = [Math.floor(index / rows), index % rows];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += data[i * rank + k]! * data[j * rank + k]!;
    return sum;
  });
}

const largest = (x: Matrix): number => x.reduce((most, e) => Math.max(most, Math.abs(e)), 0);

function distanceFromIdentity(matrix: Matrix, n: number): number {
  return largest(matrix.map((x, index) => x - (index % (n + 1) === 0 ? 1 : 0)));
}

describe('eigenvectors', () => {
  it.each([
    [1, 1],
    [4, 4],
    [12, 12],
    [12, 5],
    [40, 40],
  ])('diagonalize a matrix of %d rows and rank %d, by falling eigenvalue', (n, rank) => {
    const matrix = gram(n, rank, n + rank);
    const vectors = eigenvectors(matrix, n);
    expect(distanceFromIdentity(product(vectors, vectors, n, true), n)).toBeLessThan(1e-12);
    const diagonal = product(vectors, product(matrix, vectors, n), n, true);
    const values = Array.from({ length: n }, (_, i) => diagonal[i * (n + 1)]!);
    const offDiagonal = diagonal.map((x, index) => (index % (n + 1) === 0 ? 0 : x));
    expect(largest(offDiagonal)).toBeLessThan(1e-12 * largest(matrix) * n);
    for (let i = 1; i < n; i++) expect(values[i]!).toBeLessThanOrEqual(values[i - 1]! + 1e-12 * values[0]!);
  });

  it('do not depend on float32 rounding of a singular matrix', () => {
    const n = 6;
    const exact = gram(n, 3, 5);
    const rounded = exact.map(Math.fround);
    const overlap = product(eigenvectors(exact, n), eigenvectors(rounded, n), n, true);
    // Rounding by 6e-8 against gaps between eigenvalues of a tenth of the largest.
    expect(distanceFromIdentity(overlap, n)).toBeLessThan(1e-5);
  });

  it('of zeros, and of what is not a number, are an orthogonal basis', () => {
    expect(distanceFromIdentity(eigenvectors(new Float64Array(9), 3), 3)).toBe(0);
    expect(distanceFromIdentity(eigenvectors(new Float64Array(9).fill(Number.NaN), 3), 3)).toBe(0);
  });
});

describe('the orthogonal factor', () => {
  it.each([1, 2, 5, 33])(
    'of a matrix of %d rows is orthogonal and leaves a triangle with a positive diagonal',
    (n) => {
      const matrix = scattered(n * n, n);
      const q = orthogonalFactor(matrix, n, n);
      expect(distanceFromIdentity(product(q, q, n, true), n)).toBeLessThan(1e-13);
      const triangle = product(q, matrix, n, true);
      const below = triangle.map((x, index) => (Math.floor(index / n) > index % n ? x : 0));
      expect(largest(below)).toBeLessThan(1e-13 * n);
      for (let i = 0; i < n; i++) expect(triangle[i * (n + 1)]!).toBeGreaterThan(0);
    },
  );

  it.each([
    ['zeros', new Float64Array(9)],
    ['equal columns', Float64Array.of(1, 1, 2, 3, 3, 1, 2, 2, 5)],
    ['a zero column', Float64Array.of(0, 1, 2, 0, 3, 1, 0, 2, 5)],
    ['tiny columns', Float64Array.of(1e-150, 0, 1, 1e-170, 1, 0, 0, 0, 1)],
  ])('of %s is orthogonal too', (_, matrix) => {
    const q = orthogonalFactor(matrix, 3, 3);
    expect(distanceFromIdentity(product(q, q, 3, true), 3)).toBeLessThan(1e-14);
  });
});
