import { type PreparedBackend, prepareBackend } from '@steepest/backend';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm?url';
import threadedSimd from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm?url';
import '@tensorflow/tfjs-backend-webgpu';
import type { BackendName } from './settings.ts';

setWasmPaths({
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedSimd,
});

/** What computes. */
export interface Computing {
  readonly backend: BackendName;
  /** One line, for people. */
  readonly reason: string;
}

/**
 * Makes tfjs compute on a backend; without one asked for, on a GPU where WebGPU has one, else on WebAssembly.
 *
 * @throws Error where the backend asked for does not work here
 */
export async function compute(choice: BackendName | 'auto'): Promise<Computing> {
  if (choice === 'webgl') {
    // Else each length of text that a sample passes through would have programs of its own.
    tf.env().set('WEBGL_USE_SHAPES_UNIFORMS', true);
    if (!(await tf.setBackend('webgl'))) throw new Error('WebGL 2 does not work in a worker of this browser');
    return { backend: 'webgl', reason: 'WebGL' };
  }
  const { name, reason }: PreparedBackend = await prepareBackend(
    choice === 'auto' ? { backend: (await hasGpu()) ? 'webgpu' : 'wasm' } : { backend: choice },
  );
  return {
    backend: name as BackendName,
    reason: reason.replace(/ with the SIMD kernels of [^ ]+|, as asked$/g, ''),
  };
}

/** Whether WebGPU has a GPU, and not a processor that pretends to be one. */
async function hasGpu(): Promise<boolean> {
  const { gpu } = navigator as {
    gpu?: { requestAdapter(): Promise<{ info: { isFallbackAdapter?: boolean } } | null> };
  };
  const adapter = await gpu?.requestAdapter();
  return adapter != null && adapter.info.isFallbackAdapter !== true;
}
