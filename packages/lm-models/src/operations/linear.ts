import * as tf from '@tensorflow/tfjs-core';

/**
 * Product with a weight stored as in PyTorch: `y = x weight^T`.
 *
 * @param input [rows, inputs]
 * @param weight [outputs, inputs]
 * @returns [rows, outputs]
 */
export function linear(input: tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(input, weight, false, true);
}
