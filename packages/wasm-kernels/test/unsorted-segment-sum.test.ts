import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { largestDifference, randomValues } from '../../training-kernels/test/numbers.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

describe('UnsortedSegmentSum', () => {
  it('agrees with the cpu backend for widths around the four lanes, ignoring ids out of range', async () => {
    for (const width of [1, 2, 3, 4, 5, 7, 8, 17]) {
      const ids = [0, 5, 2, -1, 5, 6, 100, 2, 0, 5];
      const sum = () =>
        tf.tidy(() =>
          tf
            .unsortedSegmentSum(
              tf.tensor2d(randomValues(10 * width, width), [10, width]),
              tf.tensor1d(ids, 'int32'),
              6,
            )
            .dataSync(),
        );
      const actual = sum();
      await tf.setBackend('cpu');
      const expected = sum();
      await tf.setBackend('wasm');
      // Three terms at most, added in the same order.
      expect(largestDifference(actual, expected)).toBeLessThan(1e-6);
    }
  });

  it('sums vectors, integers, and ids of rank two', () => {
    const ids = tf.tensor1d([1, 0, 1], 'int32');
    expect(Array.from(tf.unsortedSegmentSum(tf.tensor1d([1, 2, 3]), ids, 3).dataSync())).toEqual([2, 4, 0]);
    const integers = tf.unsortedSegmentSum(tf.tensor1d([1, 2, 2 ** 24 + 1], 'int32'), ids, 2);
    expect(integers.dtype).toBe('int32');
    expect(Array.from(integers.dataSync())).toEqual([2, 2 ** 24 + 2]);
    const rankTwo = tf.tensor2d([0, 1, 1, 0], [2, 2], 'int32') as unknown as tf.Tensor1D;
    expect(
      Array.from(tf.unsortedSegmentSum(tf.tensor2d([1, 2, 3, 4], [2, 2]), rankTwo, 2).dataSync()),
    ).toEqual([5, 5]);
  });

  it('gives zeros for no rows and for no matching id', () => {
    tf.dispose(tf.fill([64], 7));
    const empty = tf.unsortedSegmentSum(tf.zeros([0, 2]), tf.tensor1d([], 'int32'), 2);
    expect(Array.from(empty.dataSync())).toEqual([0, 0, 0, 0]);
  });

  it('is the gradient of gather', () => {
    const table = tf.tensor2d(randomValues(12, 1), [4, 3]);
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.gather(x, tf.tensor1d([1, 3, 1], 'int32'))))(table);
    expect(Array.from(gradient.dataSync())).toEqual([0, 0, 0, 2, 2, 2, 0, 0, 0, 1, 1, 1]);
  });

  it('refuses ids whose shape x does not begin with', () => {
    expect(() => tf.unsortedSegmentSum(tf.zeros([3, 2]), tf.tensor1d([0, 1], 'int32'), 2)).toThrow(
      /must begin with/,
    );
  });
});
