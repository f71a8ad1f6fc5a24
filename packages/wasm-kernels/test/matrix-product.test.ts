import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { largestDifference, randomValues } from '../../training-kernels/test/numbers.ts';
import { type ProductShape, productInFloat64 } from './reference.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const transpositions = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

/** Rounding of a float32 sum of k products of numbers below 1: k/2 * 2^-24 for each of k terms is never reached. */
const tolerance = (k: number) => 2 ** -22 * Math.max(4, k);

function differenceFromFloat64(shape: ProductShape, seed: number): number {
  const { m, k, n, transposeA, transposeB } = shape;
  const a = randomValues(m * k, seed);
  const b = randomValues(k * n, seed + 1);
  const actual = tf.tidy(() =>
    tf
      .matMul(
        tf.tensor2d(a, transposeA ? [k, m] : [m, k]),
        tf.tensor2d(b, transposeB ? [n, k] : [k, n]),
        transposeA,
        transposeB,
      )
      .dataSync(),
  );
  return largestDifference(actual, productInFloat64(a, b, shape));
}

describe('BatchMatMul', () => {
  it.each(transpositions)(
    'agrees with float64 for every edge of the tiles (%s, %s)',
    (transposeA, transposeB) => {
      for (let m = 1; m <= 17; m++) {
        for (let n = 1; n <= 17; n++) {
          const k = ((m * 5 + n * 3) % 17) + 1;
          expect(differenceFromFloat64({ m, k, n, transposeA, transposeB }, m * n)).toBeLessThan(
            tolerance(k),
          );
        }
      }
      for (let k = 1; k <= 17; k++) {
        expect(differenceFromFloat64({ m: 6, k, n: 11, transposeA, transposeB }, k)).toBeLessThan(
          tolerance(k),
        );
      }
    },
  );

  it.each(transpositions)(
    'agrees with float64 across the edges of the cache blocks (%s, %s)',
    (transposeA, transposeB) => {
      for (const [m, k, n] of [
        [97, 385, 9],
        [5, 769, 387],
        [23, 30, 391],
        [24, 386, 33],
        [191, 384, 64],
        [260, 3, 5],
        [3, 401, 390],
        [391, 405, 1],
      ] as const) {
        expect(differenceFromFloat64({ m, k, n, transposeA, transposeB }, m + n)).toBeLessThan(tolerance(k));
      }
    },
  );

  it.each([
    [[3], [3]],
    [[1], [4]],
    [[4], [1]],
    [
      [2, 1],
      [1, 3],
    ],
    [[2, 3], [3]],
    [[], [2, 2]],
    [[2, 2], []],
    [
      [2, 1, 3],
      [5, 1],
    ],
  ])('broadcasts the batch %j with %j', (aBatch, bBatch) => {
    const [m, k, n] = [3, 5, 6];
    for (const [transposeA, transposeB] of transpositions) {
      const a = tf.tensor(randomValues(tf.util.sizeFromShape(aBatch) * m * k, 1), [
        ...aBatch,
        ...(transposeA ? [k, m] : [m, k]),
      ]);
      const b = tf.tensor(randomValues(tf.util.sizeFromShape(bBatch) * k * n, 2), [
        ...bBatch,
        ...(transposeB ? [n, k] : [k, n]),
      ]);
      const product = tf.matMul(a, b, transposeA, transposeB);
      const batch = tf.broadcast_util.assertAndGetBroadcastShape(aBatch, bBatch);
      expect(product.shape).toEqual([...batch, m, n]);
      const aAll = tf.broadcastTo(a, [...batch, ...a.shape.slice(-2)]).dataSync();
      const bAll = tf.broadcastTo(b, [...batch, ...b.shape.slice(-2)]).dataSync();
      const actual = product.dataSync();
      for (let i = 0; i < tf.util.sizeFromShape(batch); i++) {
        const expected = productInFloat64(
          aAll.subarray(i * m * k, (i + 1) * m * k),
          bAll.subarray(i * k * n, (i + 1) * k * n),
          {
            m,
            k,
            n,
            transposeA,
            transposeB,
          },
        );
        expect(largestDifference(actual.subarray(i * m * n, (i + 1) * m * n), expected)).toBeLessThan(
          tolerance(k),
        );
      }
      tf.dispose([a, b, product]);
    }
  });

  it('gives zeros for an empty inner dimension and an empty tensor for an empty outer one', () => {
    // The heap is dirtied first, so that memory that merely happens to be zero does not pass.
    tf.dispose(tf.fill([64], 7));
    expect(Array.from(tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3])).dataSync())).toEqual([0, 0, 0, 0, 0, 0]);
    expect(tf.matMul(tf.zeros([0, 4]), tf.zeros([4, 3])).shape).toEqual([0, 3]);
    expect(tf.matMul(tf.zeros([0, 2, 4]), tf.zeros([0, 4, 3])).shape).toEqual([0, 2, 3]);
  });

  it('multiplies a tensor with itself', () => {
    const values = randomValues(49, 3);
    const a = tf.tensor2d(values, [7, 7]);
    for (const [transposeA, transposeB] of transpositions) {
      const expected = productInFloat64(values, values, { m: 7, k: 7, n: 7, transposeA, transposeB });
      expect(largestDifference(tf.matMul(a, a, transposeA, transposeB).dataSync(), expected)).toBeLessThan(
        tolerance(7),
      );
    }
    expect(Array.from(a.dataSync())).toEqual(Array.from(values));
  });

  it('carries NaN and infinity to their own rows and columns only', () => {
    const a = tf.tensor2d([1, Number.NaN, 3, 4, 5, 6], [3, 2]);
    const b = tf.tensor2d([1, Number.POSITIVE_INFINITY, 1, 2, 1, 1], [2, 3]);
    const product = Array.from(tf.matMul(a, b).dataSync());
    expect(product.slice(0, 3)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(product.slice(3)).toEqual([11, Number.POSITIVE_INFINITY, 7, 17, Number.POSITIVE_INFINITY, 11]);
    const zeroTimesInfinity = tf.matMul(
      tf.tensor2d([0], [1, 1]),
      tf.tensor2d([Number.POSITIVE_INFINITY], [1, 1]),
    );
    expect(zeroTimesInfinity.dataSync()[0]).toBeNaN();
  });

  it('gives the same bits every time', () => {
    const a = tf.tensor2d(randomValues(130 * 300, 5), [130, 300]);
    const b = tf.tensor2d(randomValues(70 * 300, 6), [70, 300]);
    const first = Array.from(tf.matMul(a, b, false, true).dataSync());
    for (let i = 0; i < 5; i++) expect(Array.from(tf.matMul(a, b, false, true).dataSync())).toEqual(first);
  });

  it('holds no tensors and does not grow the heap over repeated calls', () => {
    const a = tf.tensor3d(randomValues(4 * 64 * 300, 5), [4, 64, 300]);
    const step = () => tf.dispose(tf.matMul(a, a, false, true));
    const heap = () => (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
    step();
    const before = [tf.memory().numTensors, tf.memory().numBytes, heap()];
    for (let i = 0; i < 500; i++) step();
    expect([tf.memory().numTensors, tf.memory().numBytes, heap()]).toEqual(before);
  });

  it('has the gradients of the cpu backend', async () => {
    const gradients = () => {
      const a = tf.tensor3d(randomValues(2 * 5 * 9, 7), [2, 5, 9]);
      const b = tf.tensor3d(randomValues(2 * 6 * 9, 8), [2, 6, 9]);
      const of = tf.grads((x, y) => tf.sum(tf.square(tf.matMul(x, y, false, true))));
      return of([a, b]).map((gradient) => Array.from(gradient.dataSync()));
    };
    const actual = gradients();
    await tf.setBackend('cpu');
    const expected = gradients();
    await tf.setBackend('wasm');
    // Sums of six products of numbers of size 10: a few units in the last place.
    for (const [i, gradient] of actual.entries())
      expect(largestDifference(gradient, expected[i]!)).toBeLessThan(2e-5);
  });

  it('leaves integers to the kernel of tfjs, which refuses them', () => {
    expect(() => tf.matMul(tf.tensor2d([1], [1, 1], 'int32'), tf.tensor2d([1], [1, 1], 'int32'))).toThrow(
      /float32/,
    );
  });

  it('refuses inner dimensions that differ and names the shapes', () => {
    expect(() => tf.matMul(tf.zeros([2, 3]), tf.zeros([4, 5]))).toThrow(
      /inner shapes \(3\) and \(4\).*2,3 and 4,5/,
    );
  });

  it('says how many bytes it asked for when the heap is full', () => {
    // 40000 x 40000 floats are 6.4 GB, more than a 32-bit heap can hold; the inputs are small.
    const column = tf.zeros<tf.Rank.R2>([40000, 1]);
    const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
    expect(() => tf.matMul(column, column, false, true)).toThrow(/\[40000, 40000\] \(6400000000 bytes asked/);
    const row = tf.matMul(tf.ones([1, 2]), tf.ones([2, 1]));
    expect(row.dataSync()[0]).toBe(2);
    row.dispose();
    const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
    const full = vi.spyOn(wasm, '_malloc').mockImplementation(() => {
      throw new Error('the heap is full');
    });
    expect(() => tf.matMul(column, column, true, false)).toThrow(/\[1, 1\] \(4 bytes asked/);
    full.mockRestore();
    expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual([
      before[0]! + 2,
      before[1]! + 2,
    ]);
  });
});
