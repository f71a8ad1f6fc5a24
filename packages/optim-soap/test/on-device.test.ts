import * as tf from '@tensorflow/tfjs';
import { expect, it, vi } from 'vitest';
import { Soap } from '../src/index.ts';

it('trains through its first step and its refreshes without a read on WebGPU', async () => {
  // The kernels of cpu under the name of a backend that cannot be read in the middle of a step: Node has no WebGPU of its own.
  const before = tf.memory().numTensors;
  tf.copyRegisteredKernels('cpu', 'webgpu');
  tf.registerBackend('webgpu', tf.findBackendFactory('cpu'));
  const values: Record<string, Float32Array> = {};
  for (const backend of ['cpu', 'webgpu']) {
    await tf.setBackend(backend);
    const weight = tf.tidy(() => tf.variable(tf.ones([6, 4]), true, `weight of ${backend}`));
    const optimizer = new Soap({ preconditionFrequency: 2, learningRate: 0.01 });
    const read = vi.spyOn(tf.Tensor.prototype, 'dataSync');
    for (let step = 1; step <= 6; step++) {
      const gradient = tf.randomNormal([6, 4], 0, 1, 'float32', step);
      optimizer.applyGradients({ [weight.name]: gradient });
      gradient.dispose();
    }
    expect(read.mock.calls.length > 0).toBe(backend === 'cpu');
    read.mockRestore();
    values[backend] = (await weight.data()) as Float32Array;
    optimizer.dispose();
    weight.dispose();
  }
  // Of the first gradient, of rank 4, the longer axis has two eigenvectors that are any.
  const moves = values.webgpu!.map((x) => Math.abs(x - 1));
  expect(Math.max(...moves)).toBeLessThan(0.1);
  expect(Math.max(...moves)).toBeGreaterThan(0.005);
  expect(tf.memory().numTensors).toBe(before);
  await tf.setBackend('cpu');
});

it('steps on WebGPU as on cpu where every axis has a certain basis', async () => {
  if (tf.findBackendFactory('webgpu') == null) {
    tf.copyRegisteredKernels('cpu', 'webgpu');
    tf.registerBackend('webgpu', tf.findBackendFactory('cpu'));
  }
  const values: Record<string, Float32Array> = {};
  for (const backend of ['cpu', 'webgpu']) {
    await tf.setBackend(backend);
    const weight = tf.variable(tf.ones([4, 4]), true, `square of ${backend}`);
    const optimizer = new Soap({ preconditionFrequency: 2, learningRate: 0.01 });
    for (let step = 1; step <= 6; step++) {
      const gradient = tf.randomNormal([4, 4], 0, 1, 'float32', step);
      optimizer.applyGradients({ [weight.name]: gradient });
      gradient.dispose();
    }
    values[backend] = (await weight.data()) as Float32Array;
    optimizer.dispose();
    weight.dispose();
  }
  for (const [i, x] of values.cpu!.entries()) expect(values.webgpu![i]).toBeCloseTo(x, 5);
  await tf.setBackend('cpu');
});
