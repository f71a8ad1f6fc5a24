import type * as tf from '@tensorflow/tfjs-core';
import { type ScalarFunction, type ScalarValues, scalarFunction } from '../interpreters/scalar-arithmetic.ts';
import type { UpdatePlan } from '../rule/plan.ts';
import { type KernelProgram, kernelProgram } from './kernel-program.ts';
import type { WasmHeap } from './wasm-heap.ts';
import { type WasmKernel, wasmKernel } from './wasm-kernel.ts';

/** Instances of kernels, by heap and by the program that they run. */
const instances = new WeakMap<WasmHeap, Map<string, Runnable>>();

interface Runnable {
  readonly run: (...operands: number[]) => void;
  readonly scratchBytes: number;
  readonly module: WebAssembly.Module;
  readonly exports: WebAssembly.Exports;
  /** Its place among the functions that threads may call, once it has one. */
  place?: number;
}

/** A part of a divided program: the kernel for its length, and where it begins. */
interface Part {
  readonly kernel: Runnable;
  readonly first: number;
}

/** Elements that are worth another thread, for each tensor that a program reads or writes: some 20 microseconds of work. */
const leastTraffic = 50_000;
/** Elements at whose multiples programs are cut: a cache line. */
const unit = 16;

function runnable(program: KernelProgram, heap: WasmHeap): Runnable {
  let known = instances.get(heap);
  if (known === undefined) {
    known = new Map();
    instances.set(heap, known);
  }
  const key = programKey(program);
  let found = known.get(key);
  if (found === undefined) {
    found = instantiate(wasmKernel(program, heap.isShared), heap);
    known.set(key, found);
  }
  return found;
}

/** A text that differs for programs that need different code. */
function programKey(program: KernelProgram): string {
  // Uniforms are operands: only their number is part of the code.
  return JSON.stringify({ ...program, uniforms: program.uniforms.length }, (_, value: unknown) => {
    if (typeof value !== 'number') return value;
    // JSON knows neither a negative zero nor infinities.
    return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value);
  });
}

function instantiate({ module, scratchBytes }: WasmKernel, { memory }: WasmHeap): Runnable {
  const compiled = new WebAssembly.Module(module);
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return { run: exports.run as (...operands: number[]) => void, scratchBytes, module: compiled, exports };
}

/**
 * Whether every element of the outputs depends on the same elements of the inputs and on scalars alone, so that parts of the
 * tensors may be updated apart.
 */
function isDivisible({ dimensions, outputs, temporaries }: KernelProgram): boolean {
  // What a reduction makes is a temporary.
  return dimensions.length === 1 && temporaries.length === 0 && outputs.every(({ mask }) => mask !== 0);
}

/** An update plan compiled for one heap: one call updates a parameter and its slots where they lie. */
export class CompiledPlan {
  private readonly uniforms: readonly ScalarFunction[];
  private parts: readonly Part[] = [];
  private readonly isDivisible: boolean;

  private constructor(
    readonly heap: WasmHeap,
    readonly program: KernelProgram,
    private readonly kernel: Runnable,
  ) {
    this.uniforms = program.uniforms.map(scalarFunction);
    this.isDivisible = isDivisible(program);
  }

  /** @returns `undefined` for a plan that kernels cannot run. */
  static of(plan: UpdatePlan, heap: WasmHeap): CompiledPlan | undefined {
    const program = kernelProgram(plan);
    return program === undefined ? undefined : new CompiledPlan(heap, program, runnable(program, heap));
  }

  /**
   * Runs the plan.
   *
   * @param inputs The tensors of the plan, float32 and on this heap.
   * @param outputs Where the new values go: for an input of the same name that nothing else holds, that input.
   */
  run(
    inputs: Readonly<Record<string, tf.Tensor>>,
    outputs: Readonly<Record<string, tf.Tensor>>,
    scalars: ScalarValues,
  ): void {
    this.call(this.addresses(inputs, outputs), scalars);
  }

  /**
   * Readies a run that writes every output over the input of its name.
   *
   * @returns runs it
   * @throws Error if a tensor has no memory on this heap, or the run would find none for its intermediate values
   */
  stage(inputs: Readonly<Record<string, tf.Tensor>>): (scalars: ScalarValues) => void {
    const { heap, kernel } = this;
    const addresses = this.addresses(inputs, inputs);
    if (kernel.scratchBytes > 0) heap.freeScratch(heap.takeScratch(kernel.scratchBytes));
    return (scalars) => this.call(addresses, scalars);
  }

  private addresses(
    inputs: Readonly<Record<string, tf.Tensor>>,
    outputs: Readonly<Record<string, tf.Tensor>>,
  ): number[] {
    const { heap, program } = this;
    const addresses: number[] = [];
    for (const { name } of program.inputs) addresses.push(heap.addressOf(inputs[name]!));
    for (const { name } of program.outputs) addresses.push(heap.addressOf(outputs[name]!));
    return addresses;
  }

  private call(addresses: readonly number[], scalars: ScalarValues): void {
    if (this.isDivisible && this.runDivided(addresses, scalars)) return;
    const { heap, kernel } = this;
    if (kernel.scratchBytes === 0) {
      this.callWith(addresses, 0, scalars);
      return;
    }
    const scratch = heap.takeScratch(kernel.scratchBytes);
    try {
      this.callWith(addresses, scratch, scalars);
    } finally {
      heap.freeScratch(scratch);
    }
  }

  /** Runs the plan on several threads, to the same bits. @returns whether that is worth it here */
  private runDivided(addresses: readonly number[], scalars: ScalarValues): boolean {
    const { heap, program } = this;
    const { threads } = heap;
    const [length] = program.dimensions as [number];
    const most = Math.floor((length * addresses.length) / leastTraffic);
    if (threads === undefined || most < 2) return false;
    const count = Math.min(most, threads.threads);
    if (this.parts.length !== count) this.parts = this.cut(count, length);
    const uniforms = this.uniforms.map((uniform) => uniform(scalars));
    const masks = [...program.inputs, ...program.outputs].map(({ mask }) => mask);
    threads.run(
      this.parts.map(({ kernel, first }) => {
        kernel.place ??= threads.add({ module: kernel.module, names: ['run'] }, kernel.exports);
        const operands = addresses.map((address, index) =>
          masks[index] === 0 ? address : address + 4 * first,
        );
        return [{ kernel: kernel.place, values: [...operands, 0, ...uniforms] }];
      }),
    );
    return true;
  }

  private cut(count: number, length: number): Part[] {
    const starts = Array.from(
      { length: count },
      (_, part) => Math.floor((part * length) / count / unit) * unit,
    );
    return starts.map((first, part) => {
      const dimensions = [(starts[part + 1] ?? length) - first];
      return { first, kernel: runnable({ ...this.program, dimensions }, this.heap) };
    });
  }

  private callWith(addresses: readonly number[], scratch: number, scalars: ScalarValues): void {
    const operands = [...addresses, scratch];
    for (const uniform of this.uniforms) operands.push(uniform(scalars));
    this.kernel.run(...operands);
  }
}
