import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concatenated, stacked } from '../src/index.ts';

/** Inputs of each concatenation that a call makes, on a device that has cpu's kernels. */
const inputsPerCall: number[] = [];

beforeAll(async () => {
  tf.registerBackend('device', tf.findBackendFactory('cpu'));
  for (const kernel of tf.getKernelsForBackend('cpu')) {
    const kernelFunc: typeof kernel.kernelFunc = (call) => {
      if (kernel.kernelName === 'Concat') inputsPerCall.push(Object.keys(call.inputs).length);
      return kernel.kernelFunc(call);
    };
    tf.registerKernel({ ...kernel, backendName: 'device', kernelFunc });
  }
  expect(await tf.setBackend('device')).toBe(true);
});
afterAll(() => tf.removeBackend('device'));

describe('joining on a device', () => {
  it.each([1, 2, 3, 4, 5, 8, 9, 17, 33])('puts %d tensors in order, a few at a time', async (count) => {
    inputsPerCall.length = 0;
    const rows = Array.from({ length: count }, (_, i) => tf.tensor2d([[i, i + 0.5]]));
    const expected = rows.map((_, i) => [i, i + 0.5]);
    expect(await concatenated(rows, 0).array()).toEqual(expected);
    expect(await concatenated(rows, 1).array()).toEqual([expected.flat()]);
    expect(await stacked(rows).array()).toEqual(expected.map((row) => [row]));
    // A ninth buffer, the result's included, is one that WebGPU does not promise.
    expect(Math.max(0, ...inputsPerCall)).toBeLessThanOrEqual(7);
    expect(inputsPerCall.length > 0).toBe(count > 1);
  });

  it('takes tensors of different lengths along the axis', async () => {
    const parts = [[1], [2, 3], [4, 5, 6], [], [7], [8, 9]].map((part) => tf.tensor1d(part));
    expect(await concatenated(parts, 0).array()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
