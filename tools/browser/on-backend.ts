import { prepareBackend } from '@steepest/backend';
import * as tf from '@tensorflow/tfjs';
import { afterEach, expect, inject } from 'vitest';
import { failOnDeviceErrors, watchDevice } from '../../packages/backend/test/webgpu/device-errors.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The backend of tfjs that tests in a browser run on. */
    backend: 'wasm' | 'webgl' | 'webgpu';
  }
}

// Tests that choose no backend then run on this one, and one that left it would say nothing about it.
const backend = inject('backend');
await prepareBackend({ backend, wasmPaths: '/node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/' });
// Small tensors would otherwise be computed on the cpu backend.
tf.env().set('WEBGL_CPU_FORWARD', false);
if (backend === 'webgpu') {
  watchDevice();
  failOnDeviceErrors();
}
afterEach(() => expect(tf.getBackend()).toBe(backend));
