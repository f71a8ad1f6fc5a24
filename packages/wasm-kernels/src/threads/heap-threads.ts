import {
  engine,
  env,
  findBackendFactory,
  type KernelBackend,
  registerBackend,
  removeBackend,
} from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm-backend.ts';
import { startOnSharedHeap, startOnSharedHeapInBrowser } from './shared-heap.ts';
import { mayWait, startWorker, ThreadPool, type ThreadUse } from './thread-pool.ts';
import { usableCores } from './usable-cores.ts';

/** Options of `useThreads`. */
export interface ThreadOptions {
  /** Threads that work on one kernel together, this one included; by default the cores that this process may use. */
  readonly threads?: number | undefined;
}

/** What `useThreads` came to. */
export interface ThreadsInUse {
  /** How many threads will work together. */
  readonly threads: number;
  /** One line: how many threads, and why not more where there might be. */
  readonly reason: string;
}

/** Where other packages find the threads of a backend, so that none depends on this one. */
const threadsKey = Symbol.for('@steepest/wasm-kernels/threads');

/** Of tfjs-backend-wasm among backends that an application has not chosen from. */
const priority = 2;

const isNode = globalThis.process?.versions?.node !== undefined;

/** Threads for heaps that are started from now on. */
let wanted = 1;
/** Threads that work at the moment on each heap, if it has as many. */
let working = Number.POSITIVE_INFINITY;
/** Whether tfjs starts the wasm backend on a shared heap from now on. */
let sharesHeap = false;
/** tfjs's own start of its wasm backend in a browser. */
let stock: (() => KernelBackend | Promise<KernelBackend>) | undefined;

/** Threads for the heap of a backend, which end with it; undefined for one alone. */
export function startThreads(backend: WasmBackend, memory: WebAssembly.Memory): ThreadPool | undefined {
  const isShared = typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
  if (wanted === 1 || !isShared || !mayWait()) return undefined;
  const pool = new ThreadPool(memory, wanted, usableCores(), startWorker, () => working);
  Object.defineProperty(backend, threadsKey, { value: pool });
  const dispose = backend.dispose.bind(backend);
  backend.dispose = () => {
    pool.end();
    dispose();
  };
  return pool;
}

/**
 * Lets the kernels of the wasm backend work on several threads. Call it before the backend is first used, and after `setWasmPaths`.
 *
 * Results have the same bits for any number of threads. The backend is started on a heap that threads can share. A browser has such
 * memory where the page is cross-origin isolated, and the kernels use threads in a worker, since a page's main thread may not wait.
 *
 * @throws Error if `threads` is not a whole number of at least 1
 */
export async function useThreads({ threads = usableCores() }: ThreadOptions = {}): Promise<ThreadsInUse> {
  checkThreads(threads);
  working = Number.POSITIVE_INFINITY;
  if (engine().registry.wasm !== undefined) {
    const kept = sharesHeap ? wanted : 1;
    return { threads: kept, reason: `${named(kept)}: the wasm backend was already in use` };
  }
  // tfjs would start a worker for each core with its own binary for threads, which no kernel here uses, and which fails where a bundler
  // has renamed the variables that the program of those workers refers to. In Node there is none.
  if (!isNode) env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const alone = (reason: string): ThreadsInUse => {
    wanted = 1;
    return { threads: 1, reason: `${named(1)}: ${reason}` };
  };
  if (threads === 1) return alone('as asked, or the only core');
  if (typeof SharedArrayBuffer !== 'function')
    return alone('this page is not cross-origin isolated, so threads cannot share memory');
  if (!mayWait()) return alone("a page's main thread may not wait for others; train in a worker");
  const start = isNode ? startOnSharedHeap : browserStart();
  try {
    shareHeap(await start(), start);
  } catch (error) {
    return alone(`tfjs-backend-wasm does not start on shared memory here (${String(error)})`);
  }
  wanted = threads;
  return { threads, reason: named(threads) };
}

/** Has tfjs start its wasm backend on a heap that threads can share, `first` the first time. */
function shareHeap(first: KernelBackend, start: () => Promise<KernelBackend>): void {
  let started: KernelBackend | undefined = first;
  if (findBackendFactory('wasm') != null) removeBackend('wasm');
  registerBackend(
    'wasm',
    async () => {
      const backend = started ?? (await start());
      started = undefined;
      return backend;
    },
    priority,
  );
  sharesHeap = true;
}

function browserStart(): () => Promise<KernelBackend> {
  stock ??= findBackendFactory('wasm');
  return () => startOnSharedHeapInBrowser(stock!);
}

/**
 * Changes how many threads work from the next kernel on, at most those that `useThreads` came to. Results keep their bits, so
 * that a program may give up cores, or take those that another has left, in the middle of a run.
 *
 * @returns how many will work
 * @throws Error if `threads` is not a whole number of at least 1
 */
export function setThreads(threads: number): number {
  checkThreads(threads);
  working = threads;
  return Math.min(working, wanted);
}

function checkThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1) return;
  throw new Error(`threads must be a whole number of at least 1, got ${String(threads)}`);
}

/** What the threads of the wasm backend have done so far; undefined while it works on one alone. */
export function threadUse(): ThreadUse | undefined {
  const backend = engine().registry.wasm as { [threadsKey]?: ThreadPool } | undefined;
  return backend?.[threadsKey]?.use();
}

function named(threads: number): string {
  return threads === 1 ? 'one thread' : `${threads} threads`;
}
