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

function instantiate({ module, scratchBytes }: WasmKernel, { memory }: WasmHeap): Runnable {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory } });
  return { run: instance.exports.run as (...operands: number[]) => void, scratchBytes };
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
    const { heap, program, kernel } = this;
    const operands: number[] = [];
    for (const { name } of program.inputs) operands.push(heap.addressOf(inputs[name]!));
    for (const { name } of program.outputs) operands.push(heap.addressOf(outputs[name]!));
    if (kernel.scratchBytes === 0) {
      this.call(operands, 0, scalars);
      return;
    }
    const scratch = heap.takeScratch(kernel.scratchBytes);
    try {
      this.call(operands, scratch, scalars);
    } finally {
      heap.freeScratch(scratch);
    }
  }

  /** @throws Error if a tensor has no memory on this heap, or a call would find none for its intermediate values. */
  checkMemory(inputs: Readonly<Record<string, tf.Tensor>>): void {
    const { heap, program, kernel } = this;
    for (const { name } of [...program.inputs, ...program.outputs]) heap.addressOf(inputs[name]!);
    if (kernel.scratchBytes > 0) heap.freeScratch(heap.takeScratch(kernel.scratchBytes));
  }

  private call(operands: number[], scratch: number, scalars: ScalarValues): void {
    operands.push(scratch);
    for (const uniform of this.uniforms) operands.push(uniform(scalars));
    this.kernel.run(...operands);
  }
}
