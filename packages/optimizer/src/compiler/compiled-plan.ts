import type * as tf from '@tensorflow/tfjs-core';
import { type ScalarFunction, type ScalarValues, scalarFunction } from '../interpreters/scalar-arithmetic.ts';
import type { UpdatePlan } from '../rule/plan.ts';
import { type KernelProgram, kernelProgram } from './kernel-program.ts';
import { ThreadedFunctions } from './threaded-functions.ts';
import type { WasmHeap } from './wasm-heap.ts';
import { type KernelStep, type WasmKernel, wasmKernel } from './wasm-kernel.ts';

/** Instances of kernels, by heap and by the program that they run. */
const instances = new WeakMap<WasmHeap, Map<string, Runnable>>();

interface Runnable {
  readonly functions: ThreadedFunctions;
  readonly steps: readonly KernelStep[];
  readonly scratchBytes: number;
}

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

function instantiate({ module, steps, scratchBytes }: WasmKernel, heap: WasmHeap): Runnable {
  const names = steps.map(({ name }) => name);
  return { functions: new ThreadedFunctions(heap, module, names), steps, scratchBytes };
}

/** An update plan compiled for one heap: one call updates a parameter and its slots where they lie. */
export class CompiledPlan {
  private readonly uniforms: readonly ScalarFunction[];

  private constructor(
    readonly heap: WasmHeap,
    readonly program: KernelProgram,
    private readonly kernel: Runnable,
  ) {
    this.uniforms = program.uniforms.map(scalarFunction);
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
    const { heap, kernel } = this;
    const uniforms = this.uniforms.map((uniform) => uniform(scalars));
    if (kernel.scratchBytes === 0) {
      this.runSteps([...addresses, 0, ...uniforms]);
      return;
    }
    const scratch = heap.takeScratch(kernel.scratchBytes);
    try {
      this.runSteps([...addresses, scratch, ...uniforms]);
    } finally {
      heap.freeScratch(scratch);
    }
  }

  private runSteps(operands: readonly number[]): void {
    const { functions, steps } = this.kernel;
    for (const [index, step] of steps.entries()) functions.run(index, operands, step);
  }
}
