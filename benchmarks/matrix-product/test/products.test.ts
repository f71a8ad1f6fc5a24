import * as tf from '@tensorflow/tfjs';
import '@steepest/wasm-kernels';
import { beforeAll, expect, it } from 'vitest';
import { peakGigaflops } from '../src/peak.ts';
import { decoderProducts, operations } from '../src/products.ts';
import { gigaflops, registeredKernel } from '../src/timing.ts';

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
  for (const product of decoderProducts(sizes)) {
    for (const number of gigaflops(product, 0)) expect(number).toBeGreaterThan(0);
  }
  expect(tf.memory().numTensors).toBe(before);
});

it('times kernels in turn and leaves the registered one in place', () => {
  const ours = registeredKernel();
  const calls: string[] = [];
  const named = (name: string): tf.KernelConfig => ({
    ...ours,
    kernelFunc: (call) => {
      calls.push(name);
      return ours.kernelFunc(call);
    },
  });
  const [product] = decoderProducts(sizes);
  expect(gigaflops(product!, 0, [named('a'), named('b')])).toHaveLength(2);
  expect(calls).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  expect(registeredKernel()).toBe(ours);
});

it('measures a peak of at least one operation a lane and nanosecond, and no more than two units can do', async () => {
  const peak = await peakGigaflops(0.02);
  expect(peak).toBeGreaterThan(4);
  expect(peak).toBeLessThan(200);
});
