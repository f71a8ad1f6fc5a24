import * as kernels from '@steepest/wasm-kernels';
import * as cpu from '@tensorflow/tfjs-backend-cpu';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import { tryCpu, tryWasm } from './built-in-backend.ts';
import { tryNative } from './native-backend.ts';
import { nodeWebgpu } from './node-webgpu.ts';
import {
  type Attempts,
  type PrepareBackendOptions,
  type PreparedBackend,
  prepareAmong,
} from './prepare-backend.ts';
import { tryWebgpu } from './webgpu-backend.ts';

export { setThreads, usableCores } from '@steepest/wasm-kernels';
export type { BackendName } from './backend-names.ts';
export type { PrepareBackendOptions, PreparedBackend };

const attempts: Attempts = {
  'node-gpu': ({ threads }) => tryNative('node-gpu', threads),
  node: ({ threads }) => tryNative('node', threads),
  webgpu: () => tryWebgpu(nodeWebgpu),
  wasm: (options) => tryWasm(async () => ({ kernels, backend: wasm }), options),
  cpu: () => tryCpu(async () => cpu),
};

/**
 * Makes tfjs use the best backend of this machine, or the one asked for, and waits until it is ready.
 *
 * @throws Error if an option or a backend is unknown, or if the backend asked for does not work here; the message says
 * what to install.
 */
export async function prepareBackend(options: PrepareBackendOptions = {}): Promise<PreparedBackend> {
  const elsewhere = {
    works: false,
    reason: 'WebGL is in browsers only',
    remedy: 'Use "webgpu", "node" or "wasm".',
  } as const;
  return prepareAmong(attempts, elsewhere, options);
}
