import type { DataType, KernelBackend, TensorInfo, TypedArray } from '@tensorflow/tfjs-core';

/** What the kernels use of the Emscripten module inside tfjs-backend-wasm. */
export interface WasmHeap {
  /** Bytes to an address, signed. A heap that `guardHeap` has not guarded gives 0 when it is full. */
  _malloc(bytes: number): number;
  _free(address: number): void;
  /** The heap, where it is exported by the module (builds without threads). */
  readonly asm?: { readonly memory?: WebAssembly.Memory };
  /** The heap, where it is made outside and shared between threads. */
  readonly wasmMemory?: WebAssembly.Memory;
}

/** The part of tfjs-backend-wasm's backend that the kernels use. */
export interface WasmBackend extends KernelBackend {
  readonly wasm: WasmHeap;
  getMemoryOffset(dataId: object): number;
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  disposeData(dataId: object): boolean;
  readSync(dataId: object): TypedArray;
  /** The tensor's elements in the heap: stale as soon as anything is allocated. */
  typedArrayFromHeap(tensor: TensorInfo): TypedArray;
}

/** Address of a tensor's first byte, unsigned although the heap may pass 2 GiB. */
export function addressOf(backend: WasmBackend, tensor: TensorInfo): number {
  return backend.getMemoryOffset(tensor.dataId) >>> 0;
}

/**
 * Allocates a tensor of four-byte elements on the heap.
 *
 * @throws If the heap cannot hold it.
 */
export function allocateOutput(
  backend: WasmBackend,
  kernel: string,
  shape: number[],
  dtype: DataType,
): TensorInfo {
  const bytes = shape.reduce((product, length) => product * length, 4);
  try {
    return backend.makeOutput(shape, dtype);
  } catch (cause) {
    throw outOfMemory(kernel, `its result of shape [${shape.join(', ')}]`, bytes, cause);
  }
}

/**
 * Allocates float32 tensors.
 *
 * @throws If the heap cannot hold them all; none is kept then.
 */
export function allocateOutputs(backend: WasmBackend, kernel: string, shapes: number[][]): TensorInfo[] {
  const outputs: TensorInfo[] = [];
  try {
    for (const shape of shapes) outputs.push(allocateOutput(backend, kernel, shape, 'float32'));
  } catch (error) {
    for (const { dataId } of outputs) backend.disposeData(dataId);
    throw error;
  }
  return outputs;
}

/**
 * Shares the memory of a tensor that the caller reads no more, to be written over, if no other tensor holds it.
 *
 * @returns undefined if another does
 */
export function takeOver(backend: WasmBackend, { dataId, shape, dtype }: TensorInfo): TensorInfo | undefined {
  return backend.refCount(dataId) === 1 ? shared(backend, { dataId, shape, dtype }) : undefined;
}

/** The memory of a tensor as an output of a kernel. */
export function shared(backend: WasmBackend, { dataId, shape, dtype }: TensorInfo): TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}

/** The error of a heap that is full, naming who asked for how much. */
export function outOfMemory(kernel: string, what: string, bytes: number, cause: unknown): Error {
  return new Error(
    `${kernel}: the wasm heap has no room for ${what} (${bytes} bytes asked; the heap ends at 4 GiB). ` +
      'Use a smaller batch or model, or dispose tensors that are no longer needed.',
    { cause },
  );
}
