import type * as wasmKernels from '@steepest/wasm-kernels';
import { backend, env, setBackend } from '@tensorflow/tfjs-core';
import type { Attempt } from './candidate.ts';
import { firstLine } from './optional-package.ts';
import type { PrepareBackendOptions, WasmFile } from './prepare-backend.ts';

/** WebAssembly: its kernels, and the backend that they belong to. */
export interface WasmPackages {
  readonly kernels: typeof wasmKernels;
  readonly backend: {
    readonly version_wasm: string;
    setWasmPaths(paths: string | Readonly<Record<string, string>>): void;
  };
}

/** Tries WebAssembly with the kernels of @steepest/wasm-kernels, on so many threads or all cores. */
export async function tryWasm(
  load: () => Promise<WasmPackages>,
  { threads, wasmPaths }: PrepareBackendOptions,
): Promise<Attempt> {
  const remedy =
    'In a browser, serve the .wasm files of @tensorflow/tfjs-backend-wasm and give their folder as wasmPaths.';
  const refused = (reason: string): Attempt => ({ works: false, reason, remedy });
  if (typeof WebAssembly !== 'object') return refused('this engine has no WebAssembly');
  try {
    const { kernels, backend: wasm } = await load();
    if (wasmPaths !== undefined) wasm.setWasmPaths(addressesForTfjs(wasmPaths));
    const installed = kernels.installKernels();
    const { reason } = await kernels.useThreads({ threads });
    if (!(await setBackend('wasm'))) return refused('@tensorflow/tfjs-backend-wasm did not start');
    // In a browser, the bundle of an optimizer has no compiler of its own.
    await import('@steepest/optimizer/wasm');
    const description =
      installed.length > 0
        ? `WebAssembly with the SIMD kernels of @steepest/wasm-kernels on ${reason}`
        : 'WebAssembly without SIMD, which this engine lacks: training will be slow';
    return { works: true, description, version: wasm.version_wasm };
  } catch (error) {
    return refused(`@tensorflow/tfjs-backend-wasm did not start (${firstLine(error)})`);
  }
}

/** tfjs refuses addresses without one for its own threads, whose binary is never loaded: `useThreads` starts others. */
function addressesForTfjs(
  paths: string | Readonly<Record<WasmFile, string>>,
): string | Record<string, string> {
  if (typeof paths === 'string') return paths;
  return { 'tfjs-backend-wasm-threaded-simd.wasm': paths['tfjs-backend-wasm-simd.wasm'], ...paths };
}

/** Takes plain JavaScript, which always works, and keeps it from printing tfjs's advice to install tfjs-node. */
export async function tryCpu(load: () => Promise<{ readonly version_cpu: string }>): Promise<Attempt> {
  const { version_cpu: version } = await load();
  await setBackend('cpu');
  (backend() as { firstUse?: boolean }).firstUse = false;
  return { works: true, description: 'plain JavaScript', version };
}

/** Tries WebGL, where numbers are float32 only if its textures hold them. */
export async function tryWebgl(load: () => Promise<{ readonly version_webgl: string }>): Promise<Attempt> {
  const remedy = 'Use another browser or driver, or "wasm".';
  const refused = (reason: string): Attempt => ({ works: false, reason, remedy });
  try {
    const { version_webgl: version } = await load();
    if (!(await setBackend('webgl'))) return refused('@tensorflow/tfjs-backend-webgl did not start');
    const isFloat32 = env().getBool('WEBGL_RENDER_FLOAT32_ENABLED');
    if (isFloat32) return { works: true, description: 'WebGL', version };
    return {
      works: true,
      description: 'WebGL in float16, the best that this device renders: training may fail',
      version,
      passedOver: 'WebGL has only float16 here, in which training may fail',
    };
  } catch (error) {
    return refused(`@tensorflow/tfjs-backend-webgl did not start (${firstLine(error)})`);
  }
}
