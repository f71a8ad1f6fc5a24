import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { expect, it, vi } from 'vitest';

it('starts no backend when it is imported: a program may choose another, or say first where the binaries are', async () => {
  tf.removeBackend('wasm');
  const start = vi.fn(() => tf.findBackendFactory('cpu')());
  tf.registerBackend('wasm', start, 2);
  await import('@steepest/wasm-kernels');
  expect(start).not.toHaveBeenCalled();
});
