import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Shampoo, type ShampooOptions } from '../src/index.ts';

const shapes = { vector: [3], matrix: [4, 5], tensor: [2, 3, 2] };

/** Values after six steps, of which three take inverse roots, and how often a tensor was read in them. */
async function trained(
  backend: string,
  options: ShampooOptions,
): Promise<{ values: number[][]; reads: number }> {
  await tf.setBackend(backend);
  const weights = Object.entries(shapes).map(([name, shape]) =>
    tf.tidy(() => tf.variable(tf.ones(shape), true, `${name} on ${backend}`)),
  );
  const optimizer = new Shampoo(options);
  const read = vi.spyOn(tf.Tensor.prototype, 'dataSync');
  for (let step = 1; step <= 6; step++) {
    tf.tidy(() => {
      const gradients = weights.map(({ name, shape, size }, index) => {
        const data = Float32Array.from({ length: size }, (_, i) => Math.sin(1 + 7 * step * index + i * i));
        return [name, tf.tensor(data, shape)] as const;
      });
      optimizer.applyGradients(Object.fromEntries(gradients));
    });
  }
  const reads = read.mock.calls.length;
  read.mockRestore();
  const values = await Promise.all(weights.map(async (weight) => [...(await weight.data())]));
  optimizer.dispose();
  tf.dispose(weights);
  return { values, reads };
}

// The kernels of cpu under the name of a backend that is not read in the middle of a step: Node has no WebGPU of its own.
beforeAll(() => {
  tf.copyRegisteredKernels('cpu', 'webgpu');
  tf.registerBackend('webgpu', tf.findBackendFactory('cpu'));
});
afterAll(() => tf.setBackend('cpu'));

it.each<ShampooOptions>([
  { preconditionFrequency: 2, epsilon: 1e-3, learningRate: 0.1 },
  { preconditionFrequency: 2, epsilon: 1e-3, learningRate: 0.1, grafting: 'none', maxPreconditionerDim: 3 },
])('steps on WebGPU as on cpu, and reads nothing: %o', async (options) => {
  const onCpu = await trained('cpu', options);
  const onDevice = await trained('webgpu', options);
  expect(onCpu.reads).toBeGreaterThan(0);
  expect(onDevice.reads).toBe(0);
  // Float32 rounding of eigenvalues, whose inverse roots are at most 1e-3^-1/2.
  for (const [place, values] of onCpu.values.entries()) {
    for (const [i, x] of values.entries()) expect(onDevice.values[place]![i]).toBeCloseTo(x, 4);
  }
});
