import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { WasmBackend, WasmHeap } from './wasm-backend.ts';

const heapEnd = 2 ** 32;
/** What the compiled code of tfjs takes for itself within a kernel; without it, that code aborts in mid-work. */
const headroom = 2 ** 24;
const guarded = new WeakSet<WasmHeap>();

/**
 * Makes every allocation that a heap has no room for an error, before anything is made or changed. tfjs takes no notice of
 * a failed one and continues at address 0, over other tensors; and it asks for sizes above 4 GiB modulo 4 GiB.
 */
export function guardHeap(backend: KernelBackend): void {
  const { wasm } = backend as WasmBackend;
  if (typeof wasm?._malloc !== 'function' || typeof wasm._free !== 'function' || guarded.has(wasm)) return;
  guarded.add(wasm);
  // Emscripten puts the real function in place of its own forerunner at the first call.
  wasm._free(wasm._malloc(8));
  const { _malloc: allocate, _free: free } = wasm;
  const memory = wasm.wasmMemory ?? wasm.asm?.memory;
  const isFull = (bytes: number): boolean => {
    if (memory === undefined || memory.buffer.byteLength + headroom < heapEnd) return false;
    const spare = allocate(headroom);
    if (spare !== 0) free(spare);
    return bytes > 0 && spare === 0;
  };
  wasm._malloc = (bytes: number): number => {
    const address = bytes < heapEnd ? allocate(bytes) : 0;
    if (address !== 0 && !isFull(bytes)) return address;
    if (address !== 0) free(address);
    else if (bytes === 0) return address;
    throw new Error(
      `the wasm heap has no room for ${bytes} bytes (it ends at 4 GiB). ` +
        'Use a smaller batch or model, or dispose tensors that are no longer needed.',
    );
  };
}

/**
 * Removes the listeners by which the Emscripten code of tfjs rethrows every uncaught error and rejection of a process: Node
 * would print the tens of thousands of characters of that code's one line before the error. Node's own handling, which ends
 * the process and prints the error, comes back.
 */
export function removeCrashListeners(): void {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> };
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    for (const listener of process?.listeners?.(event as 'uncaughtException') ?? []) {
      if (isEmscriptens(String(listener))) process?.removeListener?.(event, listener);
    }
  }
}

function isEmscriptens(code: string): boolean {
  const bare = code.replace(/[\s;]/g, '');
  return (
    bare === 'function(ex){if(!(exinstanceofExitStatus)){throwex}}' ||
    bare === 'function(reason){throwreason}'
  );
}
