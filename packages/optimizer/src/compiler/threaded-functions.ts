import type { WasmHeap } from './wasm-heap.ts';

/** Work that a function does unit by unit: parts of the units, in any order and at the same time, make up the whole to the bit. */
export interface Work {
  readonly units: number;
  /** Elements read and written by all units together. */
  readonly traffic: number;
}

/** Elements read or written that are worth another thread: some 20 microseconds of work. */
const leastTraffic = 50_000;

/**
 * Functions of a module on a heap. After other operands they take their first unit, the one after their last, and a number that no other
 * call at the same time has, from 0 and below that of the threads, which a function may leave out.
 */
export class ThreadedFunctions {
  private readonly module: WebAssembly.Module;
  private readonly exports: WebAssembly.Exports;
  private readonly functions: readonly ((...operands: number[]) => void)[];
  /** Place of the first among the functions that threads may call, once they may; the others follow. */
  private place: number | undefined;

  constructor(
    private readonly heap: WasmHeap,
    binary: Uint8Array<ArrayBuffer>,
    private readonly names: readonly string[],
  ) {
    this.module = new WebAssembly.Module(binary);
    this.exports = new WebAssembly.Instance(this.module, { env: { memory: heap.memory } }).exports;
    this.functions = names.map((name) => this.exports[name] as (...operands: number[]) => void);
  }

  /** Runs a function, given by its place in the list of names, on as many threads as its work is worth. */
  run(index: number, operands: readonly number[], { units, traffic }: Work): void {
    const { threads } = this.heap;
    const most = Math.min(units, Math.floor(traffic / leastTraffic));
    if (threads === undefined || most < 2) {
      this.functions[index]!(...operands, 0, units, 0);
      return;
    }
    this.place ??= threads.add({ module: this.module, names: this.names }, this.exports);
    const kernel = this.place + index;
    const count = Math.min(most, threads.threads);
    const start = (part: number): number => Math.floor((part * units) / count);
    threads.run(
      Array.from({ length: count }, (_, part) => [
        { kernel, values: [...operands, start(part), start(part + 1), part] },
      ]),
    );
  }
}
