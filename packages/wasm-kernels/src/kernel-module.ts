import { plain, relaxed, shared, sharedRelaxed } from './generated/kernels.js';
import { outOfMemory, type WasmBackend, type WasmHeap } from './wasm-backend.js';

/** Functions of the compiled module. Pointers and steps are in bytes. */
interface KernelExports {
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
}

/** The compiled kernels, living in one backend's heap, with their scratch memory there. */
export interface KernelModule extends KernelExports {
  /** Address of the scratch memory of `matrixProduct`, aligned to 64 bytes. */
  readonly scratch: number;
}

const modules = new WeakMap<WasmHeap, KernelModule>();
let compiled: { unshared?: WebAssembly.Module; shared?: WebAssembly.Module } = {};

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
  return typeof WebAssembly === 'object' && WebAssembly.validate(decode(plain));
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
  const instance = new WebAssembly.Instance(isShared ? sharedModule() : unsharedModule(), {
    env: { memory },
  });
  const kernels = instance.exports as unknown as KernelExports;
  const bytes = kernels.scratchBytes() + 64;
  const address = heap._malloc(bytes) >>> 0;
  if (address === 0) throw outOfMemory('BatchMatMul', 'its scratch memory', bytes);
  return { ...kernels, scratch: Math.ceil(address / 64) * 64 };
}

function unsharedModule(): WebAssembly.Module {
  compiled = { ...compiled, unshared: compiled.unshared ?? fastest(relaxed, plain) };
  return compiled.unshared!;
}

function sharedModule(): WebAssembly.Module {
  compiled = { ...compiled, shared: compiled.shared ?? fastest(sharedRelaxed, shared) };
  return compiled.shared!;
}

/** Relaxed SIMD (fused multiply-add) where the engine has it. Under 4 KiB, which every browser compiles at once. */
function fastest(relaxedSimd: string, simd: string): WebAssembly.Module {
  const binary = decode(relaxedSimd);
  return new WebAssembly.Module(WebAssembly.validate(binary) ? binary : decode(simd));
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
