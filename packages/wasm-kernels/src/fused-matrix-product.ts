import {
  getKernel,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { batchMatrixProduct } from './batch-matrix-product.ts';
import type { WasmBackend } from './wasm-backend.ts';

/** Activation of `tf.fused.matMul` -> the kernel that computes it; null computes nothing. */
const activationKernels: Readonly<Record<string, string | null>> = {
  linear: null,
  relu: 'Relu',
  relu6: 'Relu6',
  prelu: 'Prelu',
  leakyrelu: 'LeakyRelu',
  sigmoid: 'Sigmoid',
  elu: 'Elu',
};

/** Whether `fusedMatrixProduct` knows this call; tfjs's own kernel refuses the rest with its own message. */
export function fusesMatrixProduct(inputs: NamedTensorInfoMap, activation: unknown): boolean {
  return (
    (inputs.bias == null || inputs.bias.shape.length === 1) &&
    Object.hasOwn(activationKernels, String(activation))
  );
}

/**
 * activation(a b + bias): the product with its bias, then tfjs's element-wise kernel. tfjs's own kernel keeps a packed
 * copy of b, which goes stale when an optimizer writes a weight in place; this one reads b every time.
 */
export function fusedMatrixProduct(
  backend: WasmBackend,
  inputs: NamedTensorInfoMap,
  attributes: NamedAttrMap,
): TensorInfo {
  const { a, b, bias, preluActivationWeights } = inputs;
  const transposeA = Boolean(attributes.transposeA);
  const transposeB = Boolean(attributes.transposeB);
  // The product adds a bias with a number for each column itself; a single number is left to the kernel of tfjs.
  const isAdded = bias?.shape[0] === b!.shape.at(transposeB ? -2 : -1) && !a!.shape.includes(0);
  let result = batchMatrixProduct(backend, a!, b!, transposeA, transposeB, isAdded ? bias : undefined);
  const apply = (kernel: string, kernelInputs: NamedTensorInfoMap, kernelAttributes: NamedAttrMap = {}) => {
    const previous = result;
    const { kernelFunc } = getKernel(kernel, 'wasm');
    result = kernelFunc({ inputs: kernelInputs, backend, attrs: kernelAttributes }) as TensorInfo;
    backend.disposeData(previous.dataId);
  };
  if (bias != null && !isAdded) apply('Add', { a: result, b: bias });
  const activation = activationKernels[String(attributes.activation)];
  if (activation === 'Prelu') apply('Prelu', { x: result, alpha: preluActivationWeights! });
  else if (activation === 'LeakyRelu')
    apply('LeakyRelu', { x: result }, { alpha: attributes.leakyreluAlpha ?? 0 });
  else if (activation != null) apply(activation, { x: result });
  return result;
}
