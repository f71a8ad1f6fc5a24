import {
  attention,
  attentionShared,
  elements,
  elementsShared,
  gelu,
  geluShared,
  layers,
  layersShared,
  matrices,
  matricesShared,
  products,
  productsRelaxed,
  productsShared,
  productsSharedRelaxed,
  softmax,
  softmaxShared,
} from './generated/kernels.ts';
import type { MatrixExports } from './matrices/exports.ts';
import { startThreads } from './threads/heap-threads.ts';
import type { KernelCall } from './threads/thread-pool.ts';
import type { TrainingExports } from './training/exports.ts';
import { outOfMemory, type WasmBackend, type WasmHeap } from './wasm-backend.ts';

/** Functions of the compiled modules. Pointers and steps are in bytes. */
interface KernelExports extends TrainingExports, MatrixExports {
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
    adds?: number,
  ): void;
  segmentSumFloat(
    x: number,
    ids: number,
    rows: number,
    width: number,
    segments: number,
    target: number,
    first: number,
  ): void;
  segmentSumInteger(
    x: number,
    ids: number,
    rows: number,
    width: number,
    segments: number,
    target: number,
    first: number,
  ): void;
  fillZero(target: number, bytes: number): void;
  addition(a: number, b: number, target: number, size: number): void;
  exp(x: number, target: number, size: number): void;
  erf(x: number, target: number, size: number): void;
  rowMaximum(x: number, target: number, rows: number, width: number): void;
  columnSum(x: number, step: number, target: number, rows: number, width: number): void;
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
    targetStep: number,
    outer: number,
    length: number,
    count: number,
    words: number,
  ): void;
  /** Position of the first id that is not below `length`, or -1. */
  firstOutside(ids: number, count: number, length: number): number;
}

/** A kernel by its name among the exports. */
export type KernelName = keyof KernelExports;

/** Work that can be cut into parts: so many items, whole multiples of `unit` of them to a part. */
export interface Divisible {
  readonly items: number;
  /** Cutting elsewhere would change the last bits of a result, as where four numbers are added at once. */
  readonly unit: number;
  /** About how many nanoseconds all of it takes one thread. */
  readonly nanoseconds: number;
}

/** The compiled kernels, living in one backend's heap, with their scratch memory there and the threads that share it. */
export interface KernelModule extends KernelExports {
  /**
   * Runs one kernel on the items `first` to `first + count` of every part, on as many threads as repay it. The result has
   * the same bits for any number of them.
   */
  divide(
    name: KernelName,
    work: Divisible,
    argumentsOf: (first: number, count: number, scratch: number) => readonly number[],
  ): void;
  /** Cuts work into as many parts as there are threads that repay it. */
  cut(work: Divisible): readonly Part[];
  /** Runs parts side by side, each the calls that it records. No call may touch what another part writes. */
  runParts(parts: readonly Part[], record: (call: RecordCall, part: Part) => void): void;
}

/** Makes a call of a kernel part of the work. */
export type RecordCall = (name: KernelName, ...values: number[]) => void;

/** A part of divided work. */
export interface Part {
  readonly index: number;
  readonly first: number;
  readonly count: number;
  /** Address of scratch memory that no other part uses, aligned to 64 bytes. */
  readonly scratch: number;
}

/** Work below this many nanoseconds is not worth another thread: waking one takes a few thousand. */
const leastPart = 20_000;

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
    module = instantiate(backend);
    modules.set(heap, module);
  }
  return module;
}

/** Node 20 has relaxed SIMD behind a flag, which a running process may still set; later versions have it anyway. */
function allowRelaxedSimd(): void {
  if (globalThis.process?.versions?.node?.startsWith('20.') !== true) return;
  process.getBuiltinModule('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
}

/** Whether this engine runs 128-bit SIMD, without which the kernels cannot work. */
export function hasSimd(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(decode(products));
}

function instantiate(backend: WasmBackend): KernelModule {
  const heap = backend.wasm;
  const memory = heap.wasmMemory ?? heap.asm?.memory;
  if (memory === undefined) {
    throw new Error(
      '@steepest/wasm-kernels found no heap in this tfjs-backend-wasm: it looked for backend.wasm.asm.memory and ' +
        'backend.wasm.wasmMemory, which version 4.22 has. Install @tensorflow/tfjs-backend-wasm 4.22.',
    );
  }
  const isShared = typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
  allowRelaxedSimd();
  const relaxed = isShared ? productsSharedRelaxed : productsRelaxed;
  const product = WebAssembly.validate(decode(relaxed)) ? relaxed : isShared ? productsShared : products;
  const sources = isShared
    ? [product, elementsShared, layersShared, geluShared, attentionShared, matricesShared, softmaxShared]
    : [product, elements, layers, gelu, attention, matrices, softmax];
  const pool = startThreads(backend, memory);
  const places: Partial<Record<string, number>> = {};
  const kernels = {} as Record<string, (...values: number[]) => unknown>;
  for (const source of sources) {
    const module = compiledModule(source);
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const names = Object.keys(exports).filter((name) => typeof exports[name] === 'function');
    const first = pool?.add({ module, names }, exports) ?? 0;
    for (const [index, name] of names.entries()) {
      places[name] = first + index;
      kernels[name] = exports[name] as (...values: number[]) => unknown;
    }
  }
  const made = kernels as unknown as KernelExports;
  const bytes = made.scratchBytes() + 64;
  const scratches = Array.from({ length: pool?.capacity ?? 1 }, () => {
    try {
      return Math.ceil((heap._malloc(bytes) >>> 0) / 64) * 64;
    } catch (cause) {
      throw outOfMemory('BatchMatMul', 'its scratch memory', bytes, cause);
    }
  });
  const cut = (work: Divisible): Part[] => {
    const { items, unit, nanoseconds } = work;
    const isWorthIt = pool !== undefined && nanoseconds >= 2 * leastPart && items >= 2 * unit;
    const most = isWorthIt ? Math.min(pool.threads, Math.floor(nanoseconds / leastPart)) : 1;
    const units = Math.max(1, Math.floor(items / unit));
    const count = Math.min(most, units);
    const starts = Array.from({ length: count }, (_, part) => Math.floor((part * units) / count) * unit);
    return starts.map((first, index) => ({
      index,
      first,
      // The last takes what is left over.
      count: (starts[index + 1] ?? items) - first,
      scratch: scratches[index]!,
    }));
  };
  const runParts: KernelModule['runParts'] = (parts, record) => {
    if (parts.length === 1) {
      record((name, ...values) => kernels[name]!(...values), parts[0]!);
      return;
    }
    const lists = parts.map((part) => {
      const calls: KernelCall[] = [];
      record((name, ...values) => calls.push({ kernel: places[name]!, values }), part);
      return calls;
    });
    pool!.run(lists);
  };
  return {
    ...made,
    cut,
    runParts,
    divide: (name, work, argumentsOf) =>
      runParts(cut(work), (call, part) => call(name, ...argumentsOf(part.first, part.count, part.scratch))),
  };
}

function compiledModule(base64: string): WebAssembly.Module {
  let module = compiled.get(base64);
  if (module === undefined) {
    module = new WebAssembly.Module(decode(base64));
    compiled.set(base64, module);
  }
  return module;
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
