import { getKernel, type KernelBackend, registerKernel, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Shapes, TrainingKernel } from './training-kernel.ts';

/** The inputs of a kernel as its implementation gets them, by name. */
export type KernelInputs<Kernel> =
  Kernel extends TrainingKernel<infer Inputs, infer _Outputs, infer _Attributes>
    ? Readonly<Record<Inputs, TensorInfo>>
    : never;

/** What the implementation of a kernel returns, by name. */
export type KernelOutputs<Kernel> =
  Kernel extends TrainingKernel<infer _Inputs, infer Outputs, infer _Attributes>
    ? Readonly<Record<Outputs, TensorInfo>>
    : never;

/** A call of a kernel, whose inputs have been checked. */
export interface KernelCall<Inputs extends string, Attributes, Backend> {
  readonly inputs: Readonly<Record<Inputs, TensorInfo>>;
  readonly attributes: Attributes;
  readonly backend: Backend;
}

/**
 * Implements a kernel for a backend. A second implementation for the same backend is ignored, since an application may
 * load the package of a backend twice, as ESM and as CommonJS.
 *
 * @param backendName As `tf.getBackend()` returns it
 * @param run Gets inputs of the declared types and shapes, and returns the outputs by name
 */
export function implementKernel<
  Inputs extends string,
  Outputs extends string,
  Attributes extends object,
  Backend extends KernelBackend,
>(
  kernel: TrainingKernel<Inputs, Outputs, Attributes>,
  backendName: string,
  run: (
    call: KernelCall<NoInfer<Inputs>, NoInfer<Attributes>, Backend>,
  ) => Readonly<Record<NoInfer<Outputs>, TensorInfo>>,
): void {
  if (getKernel(kernel.name, backendName) !== undefined) return;
  registerKernel({
    kernelName: kernel.name,
    backendName,
    kernelFunc: (call) => {
      const inputs = call.inputs as Readonly<Record<Inputs, TensorInfo>>;
      const attributes = (call.attrs ?? {}) as unknown as Attributes;
      checkInputs(kernel, inputs, attributes);
      const results = run({ inputs, attributes, backend: call.backend as Backend });
      return kernel.outputs.map((output) => results[output]);
    },
  });
}

/** Guards a kernel, which reads memory by the shapes it is told. */
function checkInputs<Inputs extends string, Attributes extends object>(
  kernel: TrainingKernel<Inputs, string, Attributes>,
  inputs: Readonly<Record<Inputs, TensorInfo>>,
  attributes: Attributes,
): void {
  const names = Object.keys(kernel.inputs) as Inputs[];
  const actual: Partial<Record<Inputs, readonly number[]>> = {};
  for (const name of names) actual[name] = inputs[name].shape;
  const expected = kernel.shapes(actual as Shapes<Inputs>, attributes);
  for (const name of names) {
    const { shape, dtype } = inputs[name];
    const [wantedShape, wantedType] = [expected[name], kernel.inputs[name]];
    util.assert(
      util.arraysEqual(shape, [...wantedShape]) && dtype === wantedType,
      () => `${kernel.name}: ${name} must be ${wantedType} [${wantedShape}], got ${dtype} [${shape}].`,
    );
  }
}
