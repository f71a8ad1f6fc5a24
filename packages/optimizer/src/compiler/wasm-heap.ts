import * as tf from '@tensorflow/tfjs-core';
import type { PlanMemory } from './compiled-plan.ts';

/** What the compiler uses of tfjs-backend-wasm 4.22: found by feature test, never imported. */
export interface WasmBackend {
  readonly wasm: {
    _malloc(bytes: number): number;
    _free(address: number): void;
    readonly asm?: { readonly memory?: WebAssembly.Memory };
    readonly wasmMemory?: WebAssembly.Memory;
    readonly tfjs: {
      disposeData(id: number): void;
      registerTensor(id: number, size: number, address: number): void;
    };
  };
  readonly dataIdMap: {
    get(dataId: object): { readonly id: number; readonly memoryOffset: number; readonly refCount: number };
  };
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
}

/** Threads that share the heap, as `@steepest/wasm-kernels` leaves them at a backend. */
export interface HeapThreads {
  /** How many work together, the calling one included. */
  readonly threads: number;
  /** Makes functions of a module callable by all threads. @returns the place of the first */
  add(
    module: { readonly module: WebAssembly.Module; readonly names: readonly string[] },
    exports: WebAssembly.Exports,
  ): number;
  /** Runs a list of calls on each thread, at most `threads` lists, and waits for all. */
  run(lists: readonly (readonly { readonly kernel: number; readonly values: readonly number[] }[])[]): void;
}

const threadsKey = Symbol.for('@steepest/wasm-kernels/threads');

/** The heap of a backend. */
export class WasmHeap implements PlanMemory {
  readonly memory: WebAssembly.Memory;
  readonly isShared: boolean;

  constructor(readonly backend: WasmBackend) {
    this.memory = (backend.wasm.wasmMemory ?? backend.wasm.asm?.memory) as WebAssembly.Memory;
    this.isShared =
      typeof SharedArrayBuffer === 'function' && this.memory.buffer instanceof SharedArrayBuffer;
  }

  /** The threads that share this heap; undefined for one alone, or while no kernel has needed them. */
  get threads(): HeapThreads | undefined {
    return (this.backend as { [threadsKey]?: HeapThreads })[threadsKey];
  }

  /**
   * Takes memory for the values that live no longer than one call; `freeScratch` gives it back.
   *
   * @throws Error if the heap has no room for it.
   */
  takeScratch(bytes: number): number {
    refuseBeyondHeap('scratch memory of an update', bytes);
    const address = this.backend.wasm._malloc(bytes) >>> 0;
    if (address === 0) throw outOfMemory('scratch memory of an update', bytes);
    return address;
  }

  /** Gives back what `takeScratch` took. */
  freeScratch(address: number): void {
    this.backend.wasm._free(address);
  }

  /**
   * Address of a tensor's first element, unsigned although the heap may pass 2 GiB. A tensor of another backend moves here.
   *
   * @throws Error if the tensor was made when the heap had no room for it: tfjs does not notice.
   */
  addressOf({ dataId, shape }: tf.Tensor): number {
    const address = this.backend.dataIdMap.get(dataId).memoryOffset >>> 0;
    if (address === 0) throw outOfMemory(describeTensor(shape), bytesOf(shape));
    return address;
  }

  /** Whether anything else holds the memory of a tensor. */
  isHeldElsewhere(dataId: object): boolean {
    return this.backend.dataIdMap.get(dataId).refCount > 1;
  }

  /** A new tensor of 32-bit elements, which are undefined. @throws Error if the heap has no room for it. */
  allocate(shape: readonly number[], dtype: tf.DataType = 'float32'): tf.Tensor {
    refuseBeyondHeap(describeTensor(shape), bytesOf(shape));
    const tensor = tf.engine().makeTensorFromTensorInfo(this.backend.makeOutput([...shape], dtype));
    try {
      this.addressOf(tensor);
    } catch (error) {
      tensor.dispose();
      throw error;
    }
    return tensor;
  }

  /** A new float32 tensor of equal elements. @throws Error if the heap has no room for it. */
  filled(shape: readonly number[], value: number): tf.Tensor {
    const tensor = this.allocate(shape);
    new Float32Array(this.memory.buffer, this.addressOf(tensor), tensor.size).fill(value);
    return tensor;
  }

  /** Makes kernels of the backend forget what they derived from a tensor, such as a packed copy of a weight. */
  contentChanged(dataId: object, size: number): void {
    const { id, memoryOffset } = this.backend.dataIdMap.get(dataId);
    this.backend.wasm.tfjs.disposeData(id);
    this.backend.wasm.tfjs.registerTensor(id, size, memoryOffset);
  }
}

function bytesOf(shape: readonly number[]): number {
  return 4 * tf.util.sizeFromShape([...shape]);
}

function describeTensor(shape: readonly number[]): string {
  return `a tensor of shape [${shape.join(', ')}]`;
}

/** The allocator takes sizes as 32 bits: it would make room for what is left of one beyond them. */
function refuseBeyondHeap(what: string, bytes: number): void {
  if (bytes >= 2 ** 32) throw outOfMemory(what, bytes);
}

function outOfMemory(what: string, bytes: number): Error {
  return new Error(
    `the wasm heap has no room for ${what} (${bytes} bytes asked; the heap ends at 4 GiB). ` +
      'Use a smaller model, or dispose tensors that are no longer needed.',
  );
}

const heaps = new WeakMap<object, WasmHeap | undefined>();

/** The heap of the current backend; `undefined` if that is not a tfjs-backend-wasm with SIMD. */
export function currentWasmHeap(): WasmHeap | undefined {
  if (tf.getBackend() !== 'wasm') return undefined;
  const backend = tf.backend() as unknown as WasmBackend;
  if (!heaps.has(backend)) heaps.set(backend, isUsable(backend) ? new WasmHeap(backend) : undefined);
  return heaps.get(backend);
}

// A module with one function that drops a vector.
const vectorProbe = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  ...[10, 9, 1, 7, 0, 0x41, 0, 0xfd, 0x11, 0x1a, 0x0b],
);

function isUsable(backend: Partial<WasmBackend>): boolean {
  const { wasm, dataIdMap, makeOutput } = backend;
  const memory = wasm?.wasmMemory ?? wasm?.asm?.memory;
  return (
    memory instanceof WebAssembly.Memory &&
    typeof wasm?._malloc === 'function' &&
    typeof wasm.tfjs?.registerTensor === 'function' &&
    typeof wasm.tfjs.disposeData === 'function' &&
    typeof dataIdMap?.get === 'function' &&
    typeof makeOutput === 'function' &&
    WebAssembly.validate(vectorProbe)
  );
}
