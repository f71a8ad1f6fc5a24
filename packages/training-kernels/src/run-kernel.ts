import { engine, getBackend, getKernel, type NamedAttrMap, type Tensor } from '@tensorflow/tfjs-core';
import type { TrainingKernel } from './training-kernel.ts';

/**
 * Whether the current backend implements a kernel for inputs of these types. Not under gradients of gradients, since
 * gradient kernels have no gradients themselves: there the caller composes operations of tfjs.
 */
export function canRunKernel<Inputs extends string>(
  kernel: TrainingKernel<Inputs>,
  inputs: Readonly<Record<NoInfer<Inputs>, Tensor>>,
): boolean {
  return (
    engine().state.gradientDepth < 2 &&
    getKernel(kernel.name, getBackend()) !== undefined &&
    Object.entries<Tensor>(inputs).every(([name, { dtype }]) => dtype === kernel.inputs[name as Inputs])
  );
}

/**
 * Runs a kernel that `canRunKernel` has found; its gradient follows from its declaration.
 *
 * @returns the outputs by name
 * @throws Error if the current backend does not implement the kernel, or inputs have shapes or types that it does not take
 */
export function runKernel<Inputs extends string, Outputs extends string, Attributes extends object>(
  kernel: TrainingKernel<Inputs, Outputs, Attributes>,
  inputs: Readonly<Record<NoInfer<Inputs>, Tensor>>,
  attributes: NoInfer<Attributes>,
): Readonly<Record<Outputs, Tensor>> {
  const results = engine().runKernel(kernel.name, { ...inputs }, { ...attributes } as NamedAttrMap);
  const tensors = results as unknown as readonly Tensor[];
  return Object.fromEntries(kernel.outputs.map((output, i) => [output, tensors[i]])) as Record<
    Outputs,
    Tensor
  >;
}
