import * as tf from '@tensorflow/tfjs-core';
import { CompiledPlan } from '../compiler/compiled-plan.ts';
import { currentWasmHeap, type WasmHeap } from '../compiler/wasm-heap.ts';
import type { Shape } from '../rule/expression.ts';
import { isPassedOn, type UpdatePlan } from '../rule/plan.ts';
import type { ScalarValues } from '../rule/scalar-arithmetic.ts';
import { noiseKey } from '../state-formats/rounding-noise.ts';
import { packedTensor, unpackedTensor } from './held-slots.ts';
import { runOnTensors } from './tensor-interpreter.ts';

export type NamedTensors = Readonly<Record<string, tf.Tensor>>;

/**
 * Runs a plan on the current backend: compiled to one pass over memory where the tensors lie on the heap of
 * tfjs-backend-wasm, and with tfjs operations everywhere else.
 */
export class PlanRunner {
  private compiled: CompiledPlan | undefined;
  private triedHeap: WasmHeap | undefined;

  /** @param name Of the parameter, by which packed slots are rounded. */
  constructor(
    readonly plan: UpdatePlan,
    private readonly name = '',
  ) {}

  /**
   * New values of the plan's outputs.
   *
   * @param inputs Tensors by name, in any shape of the right size; packed slots as `heldTensor` makes them.
   * @param options.inPlace Whether an input may be overwritten by the output of its name. One that something else
   * holds too never is.
   * @returns A tensor for every output, in the shape of the input of its name where there is one: that very input if it
   * was overwritten or did not change, else a new tensor that the surrounding `tf.tidy` owns.
   */
  run(
    inputs: NamedTensors,
    scalars: ScalarValues,
    { inPlace }: { readonly inPlace: boolean },
  ): Record<string, tf.Tensor> {
    const compiled = this.compiledFor(currentWasmHeap(), inputs);
    if (compiled !== undefined) return this.runCompiled(compiled, inputs, scalars, inPlace);
    const { plan } = this;
    const viewed = Object.entries(inputs).map(([name, tensor]) => {
      const shape = plan.shapes[name] ?? tensor.shape;
      const format = plan.formats?.[name];
      return [name, format === undefined ? inShape(tensor, shape) : unpackedTensor(tensor, format, shape)];
    });
    const views = Object.fromEntries(viewed) as Record<string, tf.Tensor>;
    const outputs = runOnTensors(plan, views, scalars);
    // An output may be the gradient itself, or two slots one tensor: each needs a tensor that is its own to dispose of.
    const taken = new Set<tf.Tensor>([...Object.values(inputs), ...Object.values(views)]);
    const ownTensor = (tensor: tf.Tensor): tf.Tensor => {
      if (taken.has(tensor)) return tf.clone(tensor);
      taken.add(tensor);
      return tensor;
    };
    return Object.fromEntries(
      Object.entries(outputs).map(([name, tensor]) => {
        const input = inputs[name];
        const format = plan.formats?.[name];
        if (format !== undefined && !isPassedOn(plan, name)) {
          return [name, packedTensor(tensor, format, this.noiseKey(name, scalars))];
        }
        if (input !== undefined && tensor === views[name]) return [name, input];
        return [name, ownTensor(input === undefined ? tensor : inShape(tensor, input.shape))];
      }),
    );
  }

  /**
   * Readies a run that overwrites inputs where nothing else holds them. All that can fail, for want of a kernel or of
   * memory, fails here, while every input is as it was.
   *
   * @returns Finishes the run, in the same `tf.tidy`, and gives what `run` gives.
   */
  stage(inputs: NamedTensors, scalars: ScalarValues): () => Record<string, tf.Tensor> {
    const compiled = this.compiledFor(currentWasmHeap(), inputs);
    if (compiled === undefined || !mayOverwriteAll(compiled, inputs)) {
      const outputs = tf.tidy(() => this.run(inputs, scalars, { inPlace: false }));
      return () => outputs;
    }
    const run = compiled.stage(inputs);
    return () => {
      run(scalars, (slot) => this.noiseKey(slot, scalars));
      const outputs: Record<string, tf.Tensor> = {};
      for (const name in this.plan.outputs) outputs[name] = inputs[name]!;
      for (const { name } of compiled.program.outputs) {
        const { dataId, size } = inputs[name]!;
        compiled.heap.contentChanged(dataId, size);
      }
      return outputs;
    };
  }

  private noiseKey(slot: string, scalars: ScalarValues): number {
    return noiseKey(this.name, slot, scalars.step!);
  }

  private compiledFor(heap: WasmHeap | undefined, inputs: NamedTensors): CompiledPlan | undefined {
    if (heap === undefined) return undefined;
    if (this.triedHeap !== heap) {
      this.triedHeap = heap;
      this.compiled = CompiledPlan.of(this.plan, heap);
    }
    const { formats } = this.plan;
    for (const name in inputs) {
      if (inputs[name]!.dtype !== (formats?.[name] === undefined ? 'float32' : 'int32')) return undefined;
    }
    return this.compiled;
  }

  private runCompiled(
    compiled: CompiledPlan,
    inputs: NamedTensors,
    scalars: ScalarValues,
    inPlace: boolean,
  ): Record<string, tf.Tensor> {
    const { heap, program } = compiled;
    const outputs: Record<string, tf.Tensor> = {};
    for (const name in this.plan.outputs) if (inputs[name] !== undefined) outputs[name] = inputs[name];
    const changed: tf.Tensor[] = [];
    for (const { name } of program.outputs) {
      const input = inputs[name];
      if (inPlace && input !== undefined && mayOverwrite(heap, inputs, name)) changed.push(input);
      else outputs[name] = heap.allocate(input?.shape ?? this.plan.shapes[name]!, input?.dtype);
    }
    compiled.run(inputs, outputs, scalars, (slot) => this.noiseKey(slot, scalars));
    for (const { dataId, size } of changed) heap.contentChanged(dataId, size);
    return outputs;
  }
}

/**
 * A tensor of equal elements on the current backend.
 *
 * @throws Error if the wasm heap has no room for it. `tf.fill` would write over the heap's first bytes instead.
 */
export function filledTensor(shape: Shape, value: number): tf.Tensor {
  const heap = shape.includes(0) ? undefined : currentWasmHeap();
  return heap === undefined ? tf.fill([...shape], value) : heap.filled(shape, value);
}

/** Whether nothing but the input of this name holds its memory. */
function mayOverwrite(heap: WasmHeap, inputs: NamedTensors, name: string): boolean {
  const { dataId } = inputs[name]!;
  for (const other in inputs) if (other !== name && inputs[other]!.dataId === dataId) return false;
  return !heap.isHeldElsewhere(dataId);
}

/** Whether a run may write every output over the input of its name, and has no others. */
function mayOverwriteAll({ heap, program }: CompiledPlan, inputs: NamedTensors): boolean {
  for (const { name } of program.outputs) {
    if (inputs[name] === undefined || !mayOverwrite(heap, inputs, name)) return false;
  }
  return true;
}

function inShape(tensor: tf.Tensor, shape: Shape): tf.Tensor {
  return tf.util.arraysEqual(tensor.shape, [...shape]) ? tensor : tf.reshape(tensor, [...shape]);
}
