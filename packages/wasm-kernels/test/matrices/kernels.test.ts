import {
  gramDifferenceKernel,
  gramMatrixKernel,
  newtonSchulzKernel,
  orthogonalFactorKernel,
  runKernel,
  triangleProductKernel,
  triangularProductKernel,
  triangularSolutionKernel,
} from '@steepest/training-kernels';
import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { largestDifference, randomValues } from '../../../training-kernels/test/numbers.ts';
import { productInFloat64 } from '../reference.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

type Flat = ArrayLike<number>;
const seeded = (shape: readonly number[], seed: number): Float32Array =>
  randomValues(
    shape.reduce((size, length) => size * length, 1),
    seed,
  );
const product = (a: Flat, b: Flat, m: number, k: number, n: number, transposeA = false, transposeB = false) =>
  productInFloat64(a, b, { m, k, n, transposeA, transposeB });
/** The matrices of a batch, one by one. */
const matricesOf = (data: Flat, size: number): Float64Array[] =>
  Array.from({ length: data.length / size }, (_, i) =>
    Float64Array.from({ length: size }, (_, j) => data[i * size + j]!),
  );
const identity = (length: number): Float64Array =>
  Float64Array.from({ length: length * length }, (_, index) => (index % (length + 1) === 0 ? 1 : 0));

const muon = [3.4445, -4.775, 2.0315] as const;
const usual = { normFactor: 1, epsilon: 1e-7, epsilonMode: 'added' } as const;

/** `X = x / (|x| factor + epsilon)`, then `X = a X + (b A + c A A) X` with `A = X X^T`, by definition in float64. */
function newtonSchulzInFloat64(
  x: Flat,
  rows: number,
  columns: number,
  coefficients: readonly (readonly [number, number, number])[],
  divisorOf = (norm: number) => norm + 1e-7,
): Float64Array {
  const norm = Math.sqrt(Array.from(x).reduce((sum, element) => sum + element * element, 0));
  let y = Float64Array.from(x, (element) => element / divisorOf(norm));
  for (const [a, b, c] of coefficients) {
    const gram = product(y, y, rows, columns, rows, false, true);
    const squared = product(gram, gram, rows, rows, rows);
    const polynomial = gram.map((element, i) => b * element + c * squared[i]!);
    const moved = product(polynomial, y, rows, rows, columns);
    y = y.map((element, i) => a * element + moved[i]!);
  }
  return y;
}

describe('Newton-Schulz', () => {
  it.each([
    [1, 1, 1],
    [3, 4, 4],
    [1, 5, 31],
    [2, 31, 5],
    [1, 50, 97],
    [2, 97, 50],
    [1, 24, 24],
    [1, 200, 210],
  ])('of %d matrices of %d x %d is its formula', (matrices, rows, columns) => {
    const shape = [matrices, rows, columns];
    const x = seeded(shape, 7);
    const coefficients = [muon, [3, -3.2, 1.2], muon, [1.5, -0.5, 0]] as const;
    const { y } = runKernel(newtonSchulzKernel, { x: tf.tensor(x, shape) }, { ...usual, coefficients });
    const expected = matricesOf(x, rows * columns).flatMap((matrix) => [
      ...newtonSchulzInFloat64(matrix, rows, columns, coefficients),
    ]);
    // Singular values up to 1.3 through four float32 iterations of slopes up to 3.4.
    expect(largestDifference(y.dataSync(), expected)).toBeLessThan(2e-5);
  });

  it('makes an odd number of iterations as well, and none', () => {
    for (const coefficients of [[], [muon], [muon, muon, muon]] as const) {
      for (const [rows, columns] of [
        [6, 9],
        [9, 6],
      ] as const) {
        const x = seeded([rows, columns], 3);
        const { y } = runKernel(
          newtonSchulzKernel,
          { x: tf.tensor(x, [1, rows, columns]) },
          { ...usual, coefficients },
        );
        const expected = newtonSchulzInFloat64(x, rows, columns, coefficients);
        expect(largestDifference(y.dataSync(), expected)).toBeLessThan(1e-5);
      }
    }
  });

  it('takes epsilon as the floor of the norm, and the norm by its factor', () => {
    const attributes = { ...usual, coefficients: [], epsilon: 1, epsilonMode: 'floor' } as const;
    const x = tf.tensor([0.3, 0.4, 3, 4], [2, 1, 2]);
    // The norms 0.5 and 5: the first counts as 1, and the second is 5 * 1.02.
    const { y } = runKernel(newtonSchulzKernel, { x }, { ...attributes, normFactor: 1.02 });
    expect(largestDifference(y.dataSync(), [0.3, 0.4, 3 / 5.1, 4 / 5.1])).toBeLessThan(1e-7);
  });

  it.each([1e-25, 1, 1e30])('keeps its squares within float32 for elements of %d', (size) => {
    const x = Float32Array.from(seeded([4, 6], 5), (element) => element * size);
    const attributes = { ...usual, epsilon: 0, coefficients: [muon, muon] };
    const { y } = runKernel(newtonSchulzKernel, { x: tf.tensor(x, [1, 4, 6]) }, attributes);
    const expected = newtonSchulzInFloat64(x, 4, 6, [muon, muon], (norm) => norm);
    expect(largestDifference(y.dataSync(), expected)).toBeLessThan(1e-5);
  });

  it('leaves zeros at zero without an epsilon, and spoils only the matrix that has a NaN', () => {
    const attributes = { ...usual, epsilon: 0, coefficients: [muon] };
    const x = tf.tensor([0, 0, 0, 0, 1, Number.NaN, 1, 1, 3, 0, 0, 4], [3, 2, 2]);
    const [zeros, spoilt, good] = matricesOf(
      runKernel(newtonSchulzKernel, { x }, attributes).y.dataSync(),
      4,
    );
    expect(zeros).toEqual(new Float64Array(4));
    expect(spoilt!.every(Number.isNaN)).toBe(true);
    const quintic = (s: number) => 3.4445 * s - 4.775 * s ** 3 + 2.0315 * s ** 5;
    expect(largestDifference(good!, [quintic(0.6), 0, 0, quintic(0.8)])).toBeLessThan(1e-6);
  });
});

describe('the Gram matrix', () => {
  it.each([
    [1, 1, 5],
    [2, 7, 3],
    [1, 49, 20],
    [3, 26, 26],
    [1, 193, 11],
    [1, 11, 193],
    [1, 60, 800],
  ])('of %d matrices of %d x %d, of rows and of columns, is their products', (matrices, rows, columns) => {
    const shape = [matrices, rows, columns];
    const data = seeded(shape, 11);
    for (const axis of ['rows', 'columns'] as const) {
      const { y } = runKernel(gramMatrixKernel, { x: tf.tensor(data, shape) }, { axis });
      const [length, inner] = axis === 'rows' ? [rows, columns] : [columns, rows];
      expect(y.shape).toEqual([matrices, length, length]);
      const expected = matricesOf(data, rows * columns).flatMap((x) => [
        ...product(x, x, length, inner, length, axis === 'columns', axis === 'rows'),
      ]);
      const values = y.dataSync();
      expect(largestDifference(values, expected)).toBeLessThan(1e-6 * inner);
      for (const gram of matricesOf(values, length * length)) {
        const asymmetry = gram.findIndex(
          (element, i) => element !== gram[(i % length) * length + Math.floor(i / length)],
        );
        expect(asymmetry).toBe(-1);
      }
    }
  });
});

describe('the difference of Gram matrices', () => {
  it.each([
    [1, 1, 5],
    [2, 7, 3],
    [3, 50, 26],
    [1, 26, 130],
    [1, 100, 400],
  ])('of %d pairs of %d x %d is a triangle by the bound of its definition', (matrices, rows, columns) => {
    const shape = [matrices, rows, columns];
    const [a, b] = [seeded(shape, 11), seeded(shape, 12)];
    for (const axis of ['rows', 'columns'] as const) {
      const operands = { a: tf.tensor(a, shape), b: tf.tensor(b, shape) };
      const { y } = runKernel(gramDifferenceKernel, operands, { axis });
      const [length, inner] = axis === 'rows' ? [rows, columns] : [columns, rows];
      expect(y.shape).toEqual([matrices, length, length]);
      const gram = (x: Flat) => product(x, x, length, inner, length, axis === 'columns', axis === 'rows');
      const seconds = matricesOf(b, rows * columns);
      const expected = matricesOf(a, rows * columns).flatMap((x, i) => {
        const [first, second] = [gram(x), gram(seconds[i]!)];
        const sum = first.map((element, at) => element + second[at]!);
        const squares = Array.from({ length }, (_, j) =>
          sum.reduce((total, element, at) => total + (at % length === j ? element ** 2 : 0), 0),
        );
        const longest = squares.indexOf(Math.max(...squares));
        const column = sum.filter((_, at) => at % length === longest);
        const image = product(sum, column, length, length, 1);
        const bound = Math.hypot(...product(sum, image, length, length, 1)) / Math.hypot(...image);
        return [...first].map((element, at) =>
          at % length < Math.floor(at / length) ? 0 : (element - second[at]!) / bound,
        );
      });
      expect(largestDifference(y.dataSync(), expected)).toBeLessThan(2e-6);
    }
  });

  it.each([1e-18, 1e18])('of elements of %d is as that of ones, and zero of zeros', (size) => {
    const run = (a: number[], b: number[]) =>
      runKernel(
        gramDifferenceKernel,
        { a: tf.tensor(a, [1, 2, 1]), b: tf.tensor(b, [1, 2, 1]) },
        { axis: 'rows' },
      );
    // A A^T = (9 12; 12 16), of norm 25.
    const found = run([3 * size, 4 * size], [0, 0]).y.dataSync();
    expect(largestDifference(found, [0.36, 0.48, 0, 0.64])).toBeLessThan(2e-7);
    expect([...run([0, 0], [0, 0]).y.dataSync()]).toEqual([0, 0, 0, 0]);
  });

  it('spoils only the pair that has a NaN', () => {
    const a = tf.tensor([Number.NaN, 1, 3, 4], [2, 2, 1]);
    const { y } = runKernel(gramDifferenceKernel, { a, b: tf.zerosLike(a) }, { axis: 'rows' });
    const [spoilt, good] = matricesOf(y.dataSync(), 4);
    expect(spoilt![0]).toBeNaN();
    expect(spoilt![3]).toBeNaN();
    expect(largestDifference(good!, [0.36, 0.48, 0, 0.64])).toBeLessThan(2e-7);
  });
});

describe('the product of triangles', () => {
  it.each([
    [1, 1],
    [2, 7],
    [1, 100],
    [1, 420],
  ])('of %d pairs of length %d is the product, with exact zeros below the diagonal', (matrices, length) => {
    const shape = [matrices, length, length];
    const triangle = (seed: number) =>
      seeded(shape, seed).map((element, at) =>
        Math.floor(at / length) % length > at % length ? 0 : element,
      );
    const [left, right] = [triangle(31), triangle(37)];
    const { y } = runKernel(
      triangleProductKernel,
      { left: tf.tensor(left, shape), right: tf.tensor(right, shape) },
      {},
    );
    const rights = matricesOf(right, length * length);
    const expected = matricesOf(left, length * length).flatMap((matrix, i) => [
      ...product(matrix, rights[i]!, length, length, length),
    ]);
    const found = y.dataSync();
    expect(largestDifference(found, expected)).toBeLessThan(Math.max(1e-5, 1e-7 * length));
    expect(found.some((element, at) => Math.floor(at / length) % length > at % length && element !== 0)).toBe(
      false,
    );
  });
});

describe('the orthogonal factor', () => {
  it.each([
    [1, 1, 1],
    [2, 5, 5],
    [1, 33, 33],
    [2, 70, 40],
    [1, 130, 3],
    [1, 130, 130],
  ])('of %d matrices of %d x %d is orthogonal, and leaves a triangle', (matrices, rows, columns) => {
    const shape = [matrices, rows, columns];
    const data = seeded(shape, 13);
    const { y } = runKernel(orthogonalFactorKernel, { x: tf.tensor(data, shape) }, {});
    const factors = matricesOf(y.dataSync(), rows * columns);
    for (const [i, x] of matricesOf(data, rows * columns).entries()) {
      const q = factors[i]!;
      expect(largestDifference(product(q, q, columns, rows, columns, true), identity(columns))).toBeLessThan(
        3e-6,
      );
      const triangle = product(q, x, columns, rows, columns, true);
      const below = triangle.map((element, at) => (Math.floor(at / columns) > at % columns ? element : 0));
      expect(largestDifference(below, new Float64Array(below.length))).toBeLessThan(1e-5);
      for (let j = 0; j < columns; j++) expect(triangle[j * (columns + 1)]!).toBeGreaterThan(0);
    }
  });

  it.each([
    ['zeros', [0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['equal columns', [1, 1, 2, 3, 3, 1, 2, 2, 5]],
    ['a zero column', [0, 1, 2, 0, 3, 1, 0, 2, 5]],
    ['elements of 1e30', [1e30, 2e30, 0, 0, 1e30, 3e30, 1e30, 0, 0]],
    ['elements of 1e-30', [1e-30, 2e-30, 0, 0, 1e-30, 3e-30, 1e-30, 0, 0]],
  ])('of %s is orthogonal too', (_, data) => {
    const { y } = runKernel(orthogonalFactorKernel, { x: tf.tensor(data, [1, 3, 3]) }, {});
    expect(largestDifference(product(y.dataSync(), y.dataSync(), 3, 3, 3, true), identity(3))).toBeLessThan(
      1e-6,
    );
  });

  it('of an orthogonal matrix is that matrix', () => {
    const [c, s] = [Math.fround(0.6), Math.fround(0.8)];
    const { y } = runKernel(orthogonalFactorKernel, { x: tf.tensor([c, -s, s, c], [1, 2, 2]) }, {});
    expect(largestDifference(y.dataSync(), [0.6, -0.8, 0.8, 0.6])).toBeLessThan(2e-7);
  });

  it('is refused to a wide matrix', () => {
    expect(() => runKernel(orthogonalFactorKernel, { x: tf.ones([1, 2, 3]) }, {})).toThrow(
      'SteepestOrthogonalFactor: x must have at least as many rows as columns, got [1,2,3].',
    );
  });
});

describe('the triangular product', () => {
  it.each([
    [1, 1, 3],
    [2, 5, 7],
    [1, 49, 2],
    [2, 100, 51],
    [1, 400, 3],
    [1, 800, 26],
  ])('of %d triangles of %d rows with %d columns is the product', (matrices, length, others) => {
    const square = [matrices, length, length];
    const u = seeded(square, 23).map((element, at) =>
      Math.floor(at / length) % length > at % length ? 0 : element,
    );
    const x = seeded([matrices, length, others], 29);
    const factor = tf.tensor(u, square);
    const across = tf.transpose(tf.tensor(x, [matrices, length, others]), [0, 2, 1]);
    // Sums of `length` products of at most 1 in float32.
    const tolerance = Math.max(1e-5, 1e-7 * length);
    for (const isTransposed of [false, true]) {
      const expected = matricesOf(x, length * others).flatMap((matrix, i) => [
        ...product(matricesOf(u, length * length)[i]!, matrix, length, length, others, isTransposed),
      ]);
      const rows = runKernel(
        triangularProductKernel,
        { x: tf.tensor(x, [matrices, length, others]), factor },
        { axis: 'rows', isTransposed },
      ).y;
      expect(largestDifference(rows.dataSync(), expected)).toBeLessThan(tolerance);
      const columns = runKernel(
        triangularProductKernel,
        { x: across, factor },
        { axis: 'columns', isTransposed },
      ).y;
      expect(largestDifference(tf.transpose(columns, [0, 2, 1]).dataSync(), expected)).toBeLessThan(
        tolerance,
      );
    }
  });
});

describe('the triangular solution', () => {
  it.each([
    [1, 1, 3],
    [2, 5, 7],
    [1, 49, 2],
    [2, 50, 101],
    [1, 401, 26],
  ])('of %d systems of %d unknowns and %d right sides takes the product back', (matrices, length, others) => {
    const square = [matrices, length, length];
    // Diagonals near 2 above small elements, and below them what must not be read.
    const u = seeded(square, 17).map((element, at) => {
      const [row, column] = [Math.floor(at / length) % length, at % length];
      return row > column ? 1e9 : row === column ? 2 + element / 2 : element / length;
    });
    const solutions = seeded([matrices, length, others], 19);
    const triangles = matricesOf(u, length * length).map((matrix) =>
      matrix.map((element, at) => (Math.floor(at / length) > at % length ? 0 : element)),
    );
    const wanted = matricesOf(solutions, length * others);
    const right = triangles.flatMap((triangle, i) => [
      ...product(triangle, wanted[i]!, length, length, others, true),
    ]);
    const factor = tf.tensor(u, square);
    const rows = runKernel(
      triangularSolutionKernel,
      { x: tf.tensor(right, [matrices, length, others]), factor },
      { axis: 'rows' },
    ).y;
    expect(largestDifference(rows.dataSync(), solutions)).toBeLessThan(1e-5);
    const across = tf.transpose(tf.tensor(right, [matrices, length, others]), [0, 2, 1]);
    const columns = runKernel(triangularSolutionKernel, { x: across, factor }, { axis: 'columns' }).y;
    expect([...tf.transpose(columns, [0, 2, 1]).dataSync()]).toEqual([...rows.dataSync()]);
  });

  it('is refused a factor of another length, and an empty batch', () => {
    const x = tf.ones([1, 3, 2]);
    expect(() =>
      runKernel(triangularSolutionKernel, { x, factor: tf.ones([1, 2, 2]) }, { axis: 'rows' }),
    ).toThrow('SteepestTriangularSolution: factor must be float32 [1,3,3], got float32 [1,2,2].');
    expect(() => runKernel(gramMatrixKernel, { x: tf.ones([2, 0, 3]) }, { axis: 'rows' })).toThrow(
      'SteepestGramMatrix: x must be [matrices, rows, columns], none of them 0, got [2,0,3].',
    );
  });
});

it('frees all of its scratch memory', () => {
  const heldBefore = tf.memory().numTensors;
  const data = tf.engine().backend.numDataIds();
  const x = tf.ones([2, 30, 20]);
  for (const axis of ['rows', 'columns'] as const) {
    runKernel(gramMatrixKernel, { x }, { axis }).y.dispose();
    const factor = tf.ones(axis === 'rows' ? [2, 30, 30] : [2, 20, 20]);
    runKernel(triangularSolutionKernel, { x, factor }, { axis }).y.dispose();
    factor.dispose();
  }
  for (const axis of ['rows', 'columns'] as const)
    runKernel(gramDifferenceKernel, { a: x, b: x }, { axis }).y.dispose();
  runKernel(orthogonalFactorKernel, { x }, {}).y.dispose();
  runKernel(newtonSchulzKernel, { x }, { ...usual, coefficients: [muon] }).y.dispose();
  x.dispose();
  expect(tf.memory().numTensors).toBe(heldBefore);
  expect(tf.engine().backend.numDataIds()).toBe(data);
});
