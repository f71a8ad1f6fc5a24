import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { agreesWithFloat64, cases, tensorsOf } from '../../../training-kernels/test/float64-agreement.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

agreesWithFloat64(() => [tf.engine().backend.numDataIds()], ['RmsNorm']);

describe('a training kernel on a full heap', () => {
  it.each(cases.slice(0, 1).concat(cases.filter(({ name }) => name === 'CausalAttention').slice(1, 2)))(
    '$name says what it asked for and keeps nothing',
    ({ operation, problem }) => {
      const tensors = tensorsOf(problem);
      const { value, gradients } = operation.compute(tensors, problem);
      const before = tf.engine().backend.numDataIds();
      const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
      const malloc = wasm._malloc;
      // The second allocation of each call is refused: the first must be given back.
      for (const call of [() => operation.compute(tensors, problem), () => gradients(value)]) {
        let calls = 0;
        const full = vi.spyOn(wasm, '_malloc').mockImplementation((bytes) => {
          if (calls++ < 1) return malloc(bytes);
          throw new Error('the heap is full');
        });
        expect(call).toThrow(/no room for its result of shape \[.*\] \(\d+ bytes asked/);
        full.mockRestore();
        expect(tf.engine().backend.numDataIds()).toBe(before);
      }
    },
  );
});
