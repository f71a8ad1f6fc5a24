import type * as tf from '@tensorflow/tfjs';

/** Threads that share the heap of a wasm backend, as `@steepest/wasm-kernels` leaves them at it. */
interface HeapThreads {
  readonly threads: number;
  add(
    module: { readonly module: WebAssembly.Module; readonly names: readonly string[] },
    exports: WebAssembly.Exports,
  ): number;
  run(lists: readonly (readonly { readonly kernel: number; readonly values: readonly number[] }[])[]): void;
}

/** What of a wasm backend of tfjs is used here. */
interface WasmBackend {
  readonly wasm: {
    readonly wasmMemory?: WebAssembly.Memory;
    readonly asm?: { readonly memory: WebAssembly.Memory };
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  readonly [threadsKey]?: HeapThreads;
}

const threadsKey = Symbol.for('@steepest/wasm-kernels/threads');

/** The heap of a wasm backend, and the threads that work on it beside this one. */
export interface Heap {
  readonly memory: WebAssembly.Memory;
  readonly isShared: boolean;
  readonly threads: HeapThreads | undefined;
  /** Where a tensor's elements begin. */
  addressOf(tensor: tf.Tensor): number;
}

export function heapOf(backend: object): Heap {
  const { wasm, dataIdMap, [threadsKey]: threads } = backend as WasmBackend;
  const memory = (wasm.wasmMemory ?? wasm.asm?.memory) as WebAssembly.Memory;
  return {
    memory,
    isShared: typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer,
    threads,
    addressOf: ({ dataId }) => dataIdMap.get(dataId).memoryOffset,
  };
}
