import type { UpdatePlan } from '../rule/plan.ts';
import { type ScalarFunction, type ScalarValues, scalarFunction } from '../rule/scalar-arithmetic.ts';
import type { CompiledPlan, KeyOf, TensorsByName } from './compiled-plan.ts';
import { type KernelProgram, kernelProgram } from './kernel-program.ts';
import { tablesOn } from './map-tables.ts';
import { ThreadedFunctions } from './threaded-functions.ts';
import type { WasmHeap } from './wasm-heap.ts';
import { hasPackedSlots, type KernelStep, type WasmKernel, wasmKernel } from './wasm-kernel.ts';

/** Instances of kernels, by heap and by the program that they run. */
const instances = new WeakMap<WasmHeap, Map<string, Runnable>>();

interface Runnable {
  readonly functions: ThreadedFunctions;
  readonly steps: readonly KernelStep[];
  readonly scratchBytes: number;
  readonly bytesPerThread: number;
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
    const tables = hasPackedSlots(program) ? tablesOn(heap) : undefined;
    found = instantiate(wasmKernel(program, heap.isShared, tables), heap);
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

function instantiate({ module, ...kernel }: WasmKernel, heap: WasmHeap): Runnable {
  const names = kernel.steps.map(({ name }) => name);
  return { functions: new ThreadedFunctions(heap, module, names), ...kernel };
}

/** An update plan compiled for one wasm heap: one call updates a parameter and its slots where they lie. */
export class WasmPlan implements CompiledPlan {
  private readonly uniforms: readonly ScalarFunction[];
  private readonly isPacked: boolean;
  readonly outputs: readonly string[];

  private constructor(
    private readonly heap: WasmHeap,
    private readonly program: KernelProgram,
    private readonly kernel: Runnable,
  ) {
    this.uniforms = program.uniforms.map(scalarFunction);
    this.isPacked = hasPackedSlots(program);
    this.outputs = program.outputs.map(({ name }) => name);
  }

  /** @returns `undefined` for a plan that kernels cannot run. */
  static of(plan: UpdatePlan, heap: WasmHeap): WasmPlan | undefined {
    const program = kernelProgram(plan);
    return program === undefined ? undefined : new WasmPlan(heap, program, runnable(program, heap));
  }

  run(inputs: TensorsByName, outputs: TensorsByName, scalars: ScalarValues, keyOf?: KeyOf): void {
    this.call(this.addresses(inputs, outputs), scalars, keyOf);
  }

  stage(inputs: TensorsByName): (scalars: ScalarValues, keyOf?: KeyOf) => void {
    const { heap } = this;
    const addresses = this.addresses(inputs, inputs);
    const { scratchBytes } = this;
    if (scratchBytes > 0) heap.freeScratch(heap.takeScratch(scratchBytes));
    return (scalars, keyOf) => this.call(addresses, scalars, keyOf);
  }

  private addresses(inputs: TensorsByName, outputs: TensorsByName): number[] {
    const { heap, program } = this;
    const addresses: number[] = [];
    for (const { name } of program.inputs) addresses.push(heap.addressOf(inputs[name]!));
    for (const { name } of program.outputs) addresses.push(heap.addressOf(outputs[name]!));
    return addresses;
  }

  private get scratchBytes(): number {
    const { scratchBytes, bytesPerThread } = this.kernel;
    return scratchBytes + bytesPerThread * (this.heap.threads?.threads ?? 1);
  }

  private call(addresses: readonly number[], scalars: ScalarValues, keyOf: KeyOf = () => 0): void {
    const { heap, kernel, program } = this;
    const uniforms = this.uniforms.map((uniform) => uniform(scalars));
    const packing = (scratch: number): number[] =>
      this.isPacked ? [scratch + kernel.scratchBytes, ...program.outputs.map(({ name }) => keyOf(name))] : [];
    const { scratchBytes } = this;
    if (scratchBytes === 0) {
      this.runSteps([...addresses, 0, ...uniforms]);
      return;
    }
    const scratch = heap.takeScratch(scratchBytes);
    try {
      this.runSteps([...addresses, scratch, ...uniforms, ...packing(scratch)]);
    } finally {
      heap.freeScratch(scratch);
    }
  }

  private runSteps(operands: readonly number[]): void {
    const { functions, steps } = this.kernel;
    for (const [index, step] of steps.entries()) functions.run(index, operands, step);
  }
}
