import * as tf from '@tensorflow/tfjs';
import { afterAll, expect, it } from 'vitest';
import { describeOnWebgpu } from '../../backend/test/webgpu/webgpu.ts';
import { eigenbasis, inverseRoot } from '../src/index.ts';

/** Hundreds of small operations, which a software driver takes its time for. */
const timeout = 300_000;

describeOnWebgpu('matrices on WebGPU', () => {
  afterAll(() => tf.setBackend('cpu'));

  it(
    'have eigenvectors whose largest elements are positive',
    async () => {
      // Eigenvalues 16, 4 and 1 along (1, -1, 0), (1, 1, 0) and (0, 0, 1).
      const vectors = tf.tidy(() =>
        eigenbasis(3).batch!.onTensors([tf.tensor3d([10, -6, 0, -6, 10, 0, 0, 0, 1], [1, 3, 3])], []),
      );
      const values = await vectors.data();
      vectors.dispose();
      const half = Math.SQRT1_2;
      for (const [i, x] of [half, half, 0, -half, half, 0, 0, 0, 1].entries())
        expect(values[i]).toBeCloseTo(x, 5);
    },
    timeout,
  );

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
