import * as tf from '@tensorflow/tfjs-core';
import { type BackendKernels, currentKernels } from '../compiler/backend-kernels.ts';
import type { CompiledPlan, PlanMemory, TensorsByName } from '../compiler/compiled-plan.ts';
import type { Shape } from '../rule/expression.ts';
import { isPassedOn, type UpdatePlan } from '../rule/plan.ts';
import type { ScalarValues } from '../rule/scalar-arithmetic.ts';
import { noiseKey } from '../state-formats/rounding-noise.ts';
import { packedTensor, unpackedTensor } from './held-slots.ts';
import { runOnTensors } from './tensor-interpreter.ts';

/**
 * Runs a plan on the current backend: compiled to passes over memory on tfjs-backend-wasm and tfjs-backend-webgpu, and with tfjs
 * operations on others and for the plans that are not compiled.
 */
export class PlanRunner {
  private compiled: CompiledPlan | undefined;
  private triedKernels: BackendKernels | undefined;

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
    inputs: TensorsByName,
    scalars: ScalarValues,
    { inPlace }: { readonly inPlace: boolean },
  ): Record<string, tf.Tensor> {
    const kernels = currentKernels();
    const compiled = this.compiledBy(kernels, inputs);
    if (compiled !== undefined) return this.runCompiled(compiled, kernels!.memory, inputs, scalars, inPlace);
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
  stage(inputs: TensorsByName, scalars: ScalarValues): () => Record<string, tf.Tensor> {
    const kernels = currentKernels();
    const compiled = this.compiledBy(kernels, inputs);
    if (compiled === undefined || !mayOverwriteAll(compiled, kernels!.memory, inputs)) {
      const outputs = tf.tidy(() => this.run(inputs, scalars, { inPlace: false }));
      return () => outputs;
    }
    const run = compiled.stage(inputs);
    return () => {
      run(scalars, (slot) => this.noiseKey(slot, scalars));
      const outputs: Record<string, tf.Tensor> = {};
      for (const name in this.plan.outputs) outputs[name] = inputs[name]!;
      for (const name of compiled.outputs) {
        const { dataId, size } = inputs[name]!;
        kernels!.memory.contentChanged(dataId, size);
      }
      return outputs;
    };
  }

  private noiseKey(slot: string, scalars: ScalarValues): number {
    return noiseKey(this.name, slot, scalars.step!);
  }

  private compiledBy(kernels: BackendKernels | undefined, inputs: TensorsByName): CompiledPlan | undefined {
    if (kernels === undefined) return undefined;
    if (this.triedKernels !== kernels) {
      this.triedKernels = kernels;
      this.compiled = kernels.compile(this.plan);
    }
    const { formats } = this.plan;
    for (const name in inputs) {
      const input = inputs[name]!;
      if (input.dtype !== (formats?.[name] === undefined ? 'float32' : 'int32')) return undefined;
      // Operations of tfjs convert such elements when they read them.
      if (kernels.memory.isCastInName?.(input) === true) return undefined;
    }
    return this.compiled;
  }

  private runCompiled(
    compiled: CompiledPlan,
    memory: PlanMemory,
    inputs: TensorsByName,
    scalars: ScalarValues,
    inPlace: boolean,
  ): Record<string, tf.Tensor> {
    const outputs: Record<string, tf.Tensor> = {};
    for (const name in this.plan.outputs) if (inputs[name] !== undefined) outputs[name] = inputs[name];
    const changed: tf.Tensor[] = [];
    for (const name of compiled.outputs) {
      const input = inputs[name];
      if (inPlace && input !== undefined && mayOverwrite(memory, inputs, name)) changed.push(input);
      else outputs[name] = memory.allocate(input?.shape ?? this.plan.shapes[name]!, input?.dtype);
    }
    compiled.run(inputs, outputs, scalars, (slot) => this.noiseKey(slot, scalars));
    for (const { dataId, size } of changed) memory.contentChanged(dataId, size);
    return outputs;
  }
}

/**
 * A tensor of equal elements on the current backend.
 *
 * @throws Error if the wasm heap has no room for it, where its kernels are loaded. `tf.fill` would write over the heap's first bytes
 * instead.
 */
export function filledTensor(shape: Shape, value: number): tf.Tensor {
  const kernels = shape.includes(0) ? undefined : currentKernels();
  return kernels?.filled?.(shape, value) ?? tf.fill([...shape], value);
}

/** Whether nothing but the input of this name holds its memory. */
function mayOverwrite(memory: PlanMemory, inputs: TensorsByName, name: string): boolean {
  const { dataId } = inputs[name]!;
  for (const other in inputs) if (other !== name && inputs[other]!.dataId === dataId) return false;
  return !memory.isHeldElsewhere(dataId);
}

/** Whether a run may write every output over the input of its name, and has no others. */
function mayOverwriteAll({ outputs }: CompiledPlan, memory: PlanMemory, inputs: TensorsByName): boolean {
  return outputs.every((name) => inputs[name] !== undefined && mayOverwrite(memory, inputs, name));
}

function inShape(tensor: tf.Tensor, shape: Shape): tf.Tensor {
  return tf.util.arraysEqual(tensor.shape, [...shape]) ? tensor : tf.reshape(tensor, [...shape]);
}
