import { installKernels, useThreads } from '@steepest/wasm-kernels';
import { version_cpu } from '@tensorflow/tfjs-backend-cpu';
import { version_wasm } from '@tensorflow/tfjs-backend-wasm';
import { backend, setBackend } from '@tensorflow/tfjs-core';
import type { Attempt } from './candidate.ts';
import { firstLine } from './optional-package.ts';

/** Tries WebAssembly with the kernels of @steepest/wasm-kernels, on so many threads or all cores. */
export async function tryWasm(threads?: number): Promise<Attempt> {
  const remedy =
    'In a browser, serve the .wasm files of @tensorflow/tfjs-backend-wasm and call its setWasmPaths with their folder.';
  const refused = (reason: string): Attempt => ({ works: false, reason, remedy });
  if (typeof WebAssembly !== 'object') return refused('this engine has no WebAssembly');
  try {
    const kernels = installKernels();
    const { reason } = await useThreads({ threads });
    if (!(await setBackend('wasm'))) return refused('@tensorflow/tfjs-backend-wasm did not start');
    // In a browser, the bundle of an optimizer has no compiler of its own.
    await import('@steepest/optimizer/wasm');
    const description =
      kernels.length > 0
        ? `WebAssembly with the SIMD kernels of @steepest/wasm-kernels on ${reason}`
        : 'WebAssembly without SIMD, which this engine lacks: training will be slow';
    return { works: true, description, version: version_wasm };
  } catch (error) {
    return refused(`@tensorflow/tfjs-backend-wasm did not start (${firstLine(error)})`);
  }
}

/** Takes plain JavaScript, which always works, and keeps it from printing tfjs's advice to install tfjs-node. */
export async function tryCpu(): Promise<Attempt> {
  await setBackend('cpu');
  (backend() as { firstUse?: boolean }).firstUse = false;
  return { works: true, description: 'plain JavaScript', version: version_cpu };
}
