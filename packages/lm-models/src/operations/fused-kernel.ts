import * as tf from '@tensorflow/tfjs-core';

/**
 * Whether the backend has a fused kernel of this name (those of @steepest/wasm-kernels begin with `Steepest`) that
 * takes these tensors. Not under gradients of gradients: a fused kernel ends the record of how numbers came about.
 */
export function hasFusedKernel(name: string, ...tensors: tf.Tensor[]): boolean {
  return (
    tf.engine().state.gradientDepth < 2 &&
    tf.getKernel(name, tf.getBackend()) !== undefined &&
    tensors.every(({ dtype }) => dtype === 'float32')
  );
}

/**
 * Runs a kernel that `hasFusedKernel` found. With the attribute `overwrite`, a gradient is written over what the
 * operation saved for it, unless another tensor holds that memory: tfjs asks for a gradient once and then frees what
 * was saved. Under gradients of gradients it asks again, another reason to run no fused kernel there.
 */
export function runFusedKernel<Result extends tf.Tensor | tf.Tensor[]>(
  name: string,
  inputs: tf.NamedTensorMap,
  attributes: object = {},
): Result {
  return tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as Result;
}
