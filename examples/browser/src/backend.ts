import { prepareBackend } from '@steepest/backend';
import '@tensorflow/tfjs';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import { env } from '@tensorflow/tfjs-core';
import type { BackendName } from './settings.ts';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
};

/**
 * Makes tfjs compute on a backend; without one asked for, on the fastest that works.
 *
 * @returns one line that says on which, for people
 * @throws Error where the backend asked for does not work here
 */
export async function compute(backend: BackendName | 'auto'): Promise<string> {
  const { reason } = await prepareBackend({ backend, wasmPaths });
  // Otherwise WebGL compiles new programs for every length that a sample has while it grows.
  env().set('WEBGL_USE_SHAPES_UNIFORMS', true);
  return reason.replace(/ with the SIMD kernels of [^ ]+|, as asked$/g, '');
}
