// The entry for browsers: each backend is a chunk of its own, fetched when it is tried.
import type * as wasmKernels from '@steepest/wasm-kernels';
import { tryCpu, tryWasm, tryWebgl } from './built-in-backend.ts';
import {
  type Attempts,
  checkThreads,
  type PrepareBackendOptions,
  type PreparedBackend,
  prepareAmong,
} from './prepare-backend.ts';
import { gpuOfNavigator, tryWebgpu } from './webgpu-backend.ts';

export type { BackendName } from './backend-names.ts';
export type { PrepareBackendOptions, PreparedBackend };

/** The kernels of WebAssembly, where that was tried. */
let kernelsInUse: typeof wasmKernels | undefined;

const attempts: Attempts = {
  webgpu: () =>
    tryWebgpu({
      findGpu: async () => gpuOfNavigator(),
      loadBackend: async () => ({ found: true, exports: await import('@tensorflow/tfjs-backend-webgpu') }),
      remedy:
        'Use a browser with WebGPU on a machine with a GPU, and a page served over HTTPS or from localhost.',
    }),
  wasm: (options) =>
    tryWasm(async () => {
      const [kernels, backend] = await Promise.all([
        import('@steepest/wasm-kernels'),
        import('@tensorflow/tfjs-backend-wasm'),
      ]);
      kernelsInUse = kernels;
      return { kernels, backend };
    }, options),
  webgl: () => tryWebgl(() => import('@tensorflow/tfjs-backend-webgl')),
  cpu: () => tryCpu(() => import('@tensorflow/tfjs-backend-cpu')),
};

/**
 * Makes tfjs use the best backend of this browser, or the one asked for, and waits until it is ready.
 *
 * @throws Error if an option or a backend is unknown, or if the backend asked for does not work here.
 */
export async function prepareBackend(options: PrepareBackendOptions = {}): Promise<PreparedBackend> {
  const elsewhere = {
    works: false,
    reason: 'TensorFlow runs in Node only',
    remedy: 'Use "webgpu" or "wasm" in a browser.',
  } as const;
  return prepareAmong(attempts, elsewhere, options);
}

/** How many threads of `wasm` are to work from the next kernel on. @returns how many will; one where `wasm` was not prepared */
export function setThreads(threads: number): number {
  checkThreads(threads);
  return kernelsInUse?.setThreads(threads) ?? 1;
}

/** How many cores this browser has. */
export function usableCores(): number {
  return globalThis.navigator?.hardwareConcurrency ?? 1;
}
