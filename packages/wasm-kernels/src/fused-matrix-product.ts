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

/** Whether `fusedMatrixProduct` knows this activation; tfjs's own kernel refuses the rest with its own message. */
export function fusesActivation(activation: unknown): boolean {
  return Object.hasOwn(activationKernels, String(activation));
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
  // The product itself adds a bias with a number for each column; one of another shape is left to the kernel of tfjs.
  const columns = b!.shape.at(transposeB ? -2 : -1);
  const isAdded = bias?.shape.length === 1 && bias.shape[0] === columns && !a!.shape.includes(0);
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
