import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { largestDifference, randomValues } from '../../training-kernels/test/numbers.ts';
import { productInFloat64 } from './reference.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const activations = ['linear', 'relu', 'relu6', 'prelu', 'leakyrelu', 'sigmoid', 'elu'] as const;

it.each(activations)('tf.fused.matMul with bias and %s agrees with the cpu backend', async (activation) => {
  const product = () =>
    tf.tidy(() =>
      tf.fused
        .matMul({
          a: tf.tensor2d(randomValues(5 * 7, 1), [5, 7]),
          b: tf.tensor2d(randomValues(6 * 7, 2), [6, 7]),
          transposeB: true,
          bias: tf.tensor1d(randomValues(6, 3)),
          activation,
          ...(activation === 'prelu' && { preluActivationWeights: tf.tensor1d(randomValues(6, 4)) }),
          ...(activation === 'leakyrelu' && { leakyreluAlpha: 0.3 }),
        })
        .dataSync(),
    );
  const actual = product();
  await tf.setBackend('cpu');
  const expected = product();
  await tf.setBackend('wasm');
  // Seven products of numbers below 1 and one exponential.
  expect(largestDifference(actual, expected)).toBeLessThan(2e-6);
});

it.each([
  [2, 9, 5],
  [7, 400, 390],
  [30, 385, 40],
  [5, 3, 1],
  [4, 0, 3],
])('adds the bias to every row once, for sizes %i, %i and %i', (m, k, n) => {
  const [a, b, bias] = [randomValues(m * k, 1), randomValues(k * n, 2), randomValues(n, 3)];
  for (const transposeB of [false, true]) {
    const shape = { m, k, n, transposeA: false, transposeB };
    const expected = productInFloat64(a, b, shape).map((value, i) => value + bias[i % n]!);
    const actual = tf.fused.matMul({
      a: tf.tensor2d(a, [m, k]),
      b: tf.tensor2d(b, transposeB ? [n, k] : [k, n]),
      transposeB,
      bias: tf.tensor1d(bias),
    });
    // A float32 sum of k products of numbers below 1.
    expect(largestDifference(actual.dataSync(), expected)).toBeLessThan(2 ** -22 * Math.max(4, k));
  }
});

it('adds a bias of one number to every column', () => {
  const ones = tf.ones<tf.Rank.R2>([2, 2]);
  expect(Array.from(tf.fused.matMul({ a: ones, b: ones, bias: tf.tensor1d([5]) }).dataSync())).toEqual([
    7, 7, 7, 7,
  ]);
});

it('leaves no tensor and no data behind', () => {
  const a = tf.ones<tf.Rank.R2>([2, 3]);
  const bias = tf.ones<tf.Rank.R1>([2]);
  const dataIds = () => tf.engine().backend.numDataIds();
  const before = [tf.memory().numTensors, dataIds()];
  tf.dispose(tf.fused.matMul({ a, b: a, transposeB: true, bias, activation: 'relu' }));
  expect([tf.memory().numTensors, dataIds()]).toEqual(before);
});

it('sees a weight that was written in place', () => {
  const a = tf.tensor2d([1, 1], [1, 2]);
  const b = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const product = () => Array.from(tf.fused.matMul({ a, b }).dataSync());
  expect(product()).toEqual([4, 6]);
  const backend = tf.backend() as unknown as {
    wasm: { HEAPU8: Uint8Array };
    getMemoryOffset(id: object): number;
  };
  new Float32Array(backend.wasm.HEAPU8.buffer, backend.getMemoryOffset(b.dataId), 4).set([10, 20, 30, 40]);
  expect(product()).toEqual([40, 60]);
});

it('adds a bias of rank two, which tfjs-backend-wasm refuses', () => {
  const ones = tf.ones<tf.Rank.R2>([2, 2]);
  const bias = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  expect(Array.from(tf.fused.matMul({ a: ones, b: ones, bias }).dataSync())).toEqual([3, 4, 5, 6]);
});
