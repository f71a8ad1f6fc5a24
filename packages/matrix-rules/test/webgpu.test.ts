import * as tf from '@tensorflow/tfjs';
import { afterAll, expect, it } from 'vitest';
import { describeOnWebgpu } from '../../backend/test/webgpu/webgpu.ts';
import { inverseRoot } from '../src/index.ts';

/** Hundreds of small operations, which a software driver takes its time for. */
const timeout = 300_000;

describeOnWebgpu('matrices on WebGPU', () => {
  afterAll(() => tf.setBackend('cpu'));

  it(
    'have inverse roots, whatever is in their batch',
    async () => {
      const roots = tf.tidy(() => {
        // Eigenvalues 16 along (1, 1) and 4 along (1, -1); then an infinity.
        const batch = tf.tensor3d([10, 6, 6, 10, Infinity, 0, 0, 1], [2, 2, 2]);
        return inverseRoot(2).batch!.onTensors([batch], [1, 0, 0.5]);
      });
      const values = await roots.data();
      roots.dispose();
      for (const [i, x] of [3 / 8, -1 / 8, -1 / 8, 3 / 8].entries()) expect(values[i]).toBeCloseTo(x, 5);
      expect([...values.slice(4)]).toEqual([NaN, NaN, NaN, NaN]);
    },
    timeout,
  );
});
