import * as tf from '@tensorflow/tfjs';
import '@steepest/wasm-kernels';
import { beforeAll, expect, it } from 'vitest';
import { decoderProducts, operations } from '../src/products.ts';
import { gigaflops } from '../src/timing.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const sizes = { tokens: 64, width: 16, mlpWidth: 64, vocabulary: 128, sequences: 2, heads: 4 };

it('counts 6 x parameters x tokens operations for a layer, forward and backward', () => {
  const products = decoderProducts(sizes).filter(({ name }) => name.startsWith('mlp up'));
  expect(products.reduce((sum, product) => sum + operations(product), 0)).toBe(6 * 16 * 64 * 64);
});

it('times every product of a decoder and leaves no tensor behind', () => {
  const before = tf.memory().numTensors;
  for (const product of decoderProducts(sizes)) expect(gigaflops(product, 0)).toBeGreaterThan(0);
  expect(tf.memory().numTensors).toBe(before);
});
