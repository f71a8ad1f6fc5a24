import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eigenvectors } from '../src/eigenvectors.ts';
import {
  eigenbasis,
  fallingOrder,
  inverseRoot,
  orthogonalBasis,
  singularVectors,
  triangularSolution,
} from '../src/index.ts';
import { eigenvectorsOnDevice, orthogonalFactorOnDevice } from '../src/on-device.ts';

// The kernels of cpu under the name of a backend that is not read in the middle of a step: Node has no WebGPU of its own.
beforeAll(async () => {
  tf.copyRegisteredKernels('cpu', 'webgpu');
  tf.registerBackend('webgpu', tf.findBackendFactory('cpu'));
  await tf.setBackend('webgpu');
});
afterAll(async () => {
  await tf.setBackend('cpu');
});

/** The values of a tensor, read as a user reads them. */
const valuesOf = async (make: () => tf.Tensor): Promise<number[]> => {
  const tensor = tf.tidy(make);
  const values = [...(await tensor.data())];
  tensor.dispose();
  return values;
};
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('on a device that is not read in a step', () => {
  it.each([
    [1, 1],
    [2, 2],
    [5, 5],
    [12, 12],
    [12, 5],
    [33, 40],
  ])('eigenvectors of Gram matrices of %d rows and rank %d diagonalize them', async (n, rank) => {
    const factors = random([2, n, rank], 7);
    const gram = tf.matMul(factors, factors, false, true);
    const vectors = tf.tidy(() => eigenvectorsOnDevice(gram));
    const overlap = await valuesOf(() => tf.sub(tf.matMul(vectors, vectors, true), tf.eye(n)));
    for (const x of overlap) expect(Math.abs(x)).toBeLessThan(2e-5);
    const rotated = await valuesOf(() => tf.matMul(vectors, tf.matMul(gram, vectors), true));
    const largest = Math.max(...rotated.map(Math.abs));
    for (const [at, x] of rotated.entries()) {
      const [row, column] = [Math.floor(at / n) % n, at % n];
      if (row !== column) expect(Math.abs(x)).toBeLessThan(1e-5 * largest);
      else if (row > 0) expect(x).toBeLessThanOrEqual(rotated[at - n - 1]! + 1e-5 * largest);
    }
  });

  it('eigenvectors are those of the solver in float64, signs included', async () => {
    const factors = random([1, 6, 9], 3);
    const gram = tf.matMul(factors, factors, false, true);
    const exact = eigenvectors(Float64Array.from(await gram.data()), 6);
    for (const [i, x] of (await valuesOf(() => eigenvectorsOnDevice(gram))).entries()) {
      expect(x).toBeCloseTo(exact[i]!, 4);
    }
  });

  it.each([
    [0, 4],
    [1, 6],
  ] as const)(
    'singular vectors of axis %d are those in float64, of each matrix of a batch',
    async (axis, length) => {
      const gradient = tf.mul(random([4, 6], 9), 1e30);
      const batch = tf.stack([gradient, tf.zerosLike(gradient), gradient]);
      const transform = singularVectors([4, 6], axis, 2);
      const data = Float64Array.from(await gradient.data());
      const exact = [...transform.inFloat64([{ shape: [4, 6], data }], [])];
      const ofZeros = exact.map((_, at) => ([0, 3].includes(at) ? 1 : 0));
      const values = await valuesOf(() => transform.batch!.onTensors([batch], []));
      expect(values).toHaveLength(3 * 2 * length);
      for (const [i, x] of [...exact, ...ofZeros, ...exact].entries()) expect(values[i]).toBeCloseTo(x, 4);
    },
  );

  it('rows of zeros keep their own axes', async () => {
    const gram = tf.tensor3d([0, 0, 0, 0, 5, 4, 0, 4, 5], [1, 3, 3]);
    const half = Math.SQRT1_2;
    const expected = [0, 0, 1, half, half, 0, half, -half, 0];
    for (const [i, x] of (await valuesOf(() => eigenvectorsOnDevice(gram))).entries()) {
      expect(x).toBeCloseTo(expected[i]!, 6);
    }
  });

  it.each([
    // Eigenvalues 16 along (1, 1) and 4 along (1, -1): their inverse roots are 1/4 and 1/2.
    ['every eigenvalue', [10, 6, 6, 10], [1, 0, 0.5], [3 / 8, -1 / 8, -1 / 8, 3 / 8]],
    // 32 / 2 and 8 / 2, less the epsilon of 3 that is added.
    ['what is divided, with epsilon', [26, 0, 0, 2], [2, 3, 0.25], [0.5, 0, 0, 4 ** -0.25]],
    // -1 and 3 with an epsilon of 2 are 1 and 5, and 1 too small: 2 and 6.
    ['eigenvalues raised to epsilon', [-1, 0, 0, 3], [1, 2, 1], [1 / 2, 0, 0, 1 / 6]],
    // No power counts for more than 2^10 times that of the largest eigenvalue.
    ['what is at most 2^10 times enlarged', [2 ** 30, 0, 0, 0], [1, 0, 0.5], [2 ** -15, 0, 0, 2 ** -5]],
    ['nothing', [0, 0, 0, 0], [1, 0, 1], [0, 0, 0, 0]],
  ] as const)(
    'the inverse root is that of %s, whatever is in its batch',
    async (_, matrix, scalars, expected) => {
      const other = [NaN, 0, 0, 1];
      const infinite = [Infinity, 0, 0, 1];
      const values = await valuesOf(() =>
        inverseRoot(2).batch!.onTensors(
          [tf.tensor3d([...other, ...matrix, ...infinite], [3, 2, 2])],
          [...scalars],
        ),
      );
      const largest = Math.max(...expected.map(Math.abs), Number.MIN_VALUE);
      for (const [i, x] of expected.entries()) expect(values[4 + i]! / largest).toBeCloseTo(x / largest, 5);
      expect([...values.slice(0, 4), ...values.slice(8)]).toEqual(new Array<number>(8).fill(NaN));
    },
  );

  it.each([1, 7, 16])('the inverse root of %d rows is that in float64', async (n) => {
    const factors = random([n, 2 * n], 13);
    const gram = tf.matMul(factors, factors, false, true);
    const scalars = [0.5, 1e-3, 1 / 6];
    const data = Float64Array.from(await gram.data());
    const exact = inverseRoot(n).inFloat64([{ shape: [n, n], data }], scalars);
    const values = await valuesOf(() => inverseRoot(n).onTensors([gram], scalars));
    for (const [i, x] of exact.entries()) expect(values[i]).toBeCloseTo(x, 5);
  });

  it.each([
    ['a square', [5, 5]],
    ['a tall matrix', [9, 4]],
  ])('the orthogonal factor of %s is that in float64', async (_, shape) => {
    const [rows, columns] = shape as [number, number];
    const x = random(shape, 5);
    const { onTensors, inFloat64 } = orthogonalBasis(rows, columns);
    const exact = inFloat64([{ shape: x.shape, data: Float64Array.from(await x.data()) }], []);
    for (const [i, value] of (await valuesOf(() => onTensors([x], []))).entries()) {
      expect(value).toBeCloseTo(exact[i]!, 5);
    }
  });

  it('the orthogonal factor of dependent columns, and of zeros, is orthogonal', async () => {
    const x = tf.tensor3d([1, 1, 2, 3, 3, 1, 2, 2, 5, ...new Array<number>(9).fill(0)], [2, 3, 3]);
    const q = tf.tidy(() => orthogonalFactorOnDevice(x));
    for (const x of await valuesOf(() => tf.sub(tf.matMul(q, q, true), tf.eye(3)))) {
      expect(Math.abs(x)).toBeLessThan(1e-6);
    }
  });

  it.each([0, 1, 2])('triangular systems along axis %d are solved as in float64', async (axis) => {
    const shape = [3, 4, 2];
    const n = shape[axis]!;
    const x = random(shape, 9);
    const u = tf.tidy(() => tf.add(random([n, n], 11), tf.mul(tf.eye(n), 4)));
    const { onTensors, inFloat64 } = triangularSolution(shape, axis);
    const exact = inFloat64(
      [
        { shape, data: Float64Array.from(await x.data()) },
        { shape: [n, n], data: Float64Array.from(await u.data()) },
      ],
      [],
    );
    for (const [i, value] of (await valuesOf(() => onTensors([x, u], []))).entries()) {
      expect(value).toBeCloseTo(exact[i]!, 5);
    }
  });

  it('orders fall', async () => {
    const order = await valuesOf(() => fallingOrder(4).onTensors([tf.tensor2d([2, 9, -1, 3], [1, 4])], []));
    expect(order).toEqual([1, 3, 0, 2]);
    expect(eigenbasis(2).shape).toEqual([2, 2]);
  });
});
