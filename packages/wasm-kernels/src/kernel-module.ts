import {
  attention,
  attentionShared,
  elements,
  elementsShared,
  gelu,
  geluShared,
  layers,
  layersShared,
  products,
  productsRelaxed,
  productsShared,
  productsSharedRelaxed,
  softmax,
  softmaxShared,
} from './generated/kernels.ts';
import type { TrainingExports } from './training/exports.ts';
import { outOfMemory, type WasmBackend, type WasmHeap } from './wasm-backend.ts';

/** Functions of the compiled modules. Pointers and steps are in bytes. */
interface KernelExports extends TrainingExports {
  scratchBytes(): number;
  matrixProduct(
    a: number,
    aRow: number,
    aColumn: number,
    b: number,
    bRow: number,
    bColumn: number,
    c: number,
    m: number,
    n: number,
    k: number,
    scratch: number,
    cRow?: number,
    bias?: number,
  ): void;
  segmentSumFloat(
    x: number,
    ids: number,
    rows: number,
    width: number,
    segments: number,
    target: number,
  ): void;
  segmentSumInteger(
    x: number,
    ids: number,
    rows: number,
    width: number,
    segments: number,
    target: number,
  ): void;
  fillZero(target: number, bytes: number): void;
  exp(x: number, target: number, size: number): void;
  erf(x: number, target: number, size: number): void;
  rowMaximum(x: number, target: number, rows: number, width: number): void;
  columnSum(x: number, target: number, rows: number, width: number): void;
  copyRows(
    source: number,
    sourceStep: number,
    target: number,
    targetStep: number,
    rows: number,
    words: number,
  ): void;
  gather(
    x: number,
    ids: number,
    target: number,
    outer: number,
    length: number,
    count: number,
    words: number,
  ): number;
}

/** The compiled kernels, living in one backend's heap, with their scratch memory there. */
export interface KernelModule extends KernelExports {
  /** Address of the scratch memory of `matrixProduct`, aligned to 64 bytes. */
  readonly scratch: number;
}

const modules = new WeakMap<WasmHeap, KernelModule>();
const compiled = new Map<string, WebAssembly.Module>();

/**
 * The kernels for a backend, made at the first use: tfjs calls `setupFunc` only for kernels registered before the
 * backend starts, and a backend that is removed and made again has a new heap.
 */
export function kernelModule(backend: WasmBackend): KernelModule {
  const heap = backend.wasm;
  let module = modules.get(heap);
  if (module === undefined) {
    module = instantiate(heap);
    modules.set(heap, module);
  }
  return module;
}

/** Whether this engine runs 128-bit SIMD, without which the kernels cannot work. */
export function hasSimd(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(decode(products));
}

function instantiate(heap: WasmHeap): KernelModule {
  const memory = heap.wasmMemory ?? heap.asm?.memory;
  if (memory === undefined) {
    throw new Error(
      '@steepest/wasm-kernels found no heap in this tfjs-backend-wasm: it looked for backend.wasm.asm.memory and ' +
        'backend.wasm.wasmMemory, which version 4.22 has. Install @tensorflow/tfjs-backend-wasm 4.22.',
    );
  }
  const isShared = typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
  const relaxed = isShared ? productsSharedRelaxed : productsRelaxed;
  const product = WebAssembly.validate(decode(relaxed)) ? relaxed : isShared ? productsShared : products;
  const kernels = {
    ...exportsOf(product, memory),
    ...exportsOf(isShared ? elementsShared : elements, memory),
    ...exportsOf(isShared ? layersShared : layers, memory),
    ...exportsOf(isShared ? geluShared : gelu, memory),
    ...exportsOf(isShared ? attentionShared : attention, memory),
    ...exportsOf(isShared ? softmaxShared : softmax, memory),
  } as unknown as KernelExports;
  const bytes = kernels.scratchBytes() + 64;
  try {
    const address = heap._malloc(bytes) >>> 0;
    return { ...kernels, scratch: Math.ceil(address / 64) * 64 };
  } catch (cause) {
    throw outOfMemory('BatchMatMul', 'its scratch memory', bytes, cause);
  }
}

function exportsOf(base64: string, memory: WebAssembly.Memory): WebAssembly.Exports {
  let module = compiled.get(base64);
  if (module === undefined) {
    module = new WebAssembly.Module(decode(base64));
    compiled.set(base64, module);
  }
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
