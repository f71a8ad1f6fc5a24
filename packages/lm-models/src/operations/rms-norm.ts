import { canRunKernel, rmsNormKernel, runKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type OperationForms } from './nested-gradients.ts';

const epsilon = 1e-5;

/**
 * Root mean square normalization over the last axis: `y = weight x / sqrt(mean(x^2) + 1e-5)` (Zhang and Sennrich 2019,
 * arXiv 1910.07467; epsilon as in LLaMA 2).
 *
 * @param input [rows, width]
 * @param weight [width]
 */
export function rmsNorm(input: tf.Tensor2D, weight: tf.Tensor1D): tf.Tensor2D {
  const inputs = { x: input, weight };
  if (canRunKernel(rmsNormKernel, inputs)) {
    return runKernel(rmsNormKernel, inputs, { epsilon }).y as tf.Tensor2D;
  }
  return differentiable(forms, input, weight) as tf.Tensor2D;
}

const forms: OperationForms = {
  name: 'rmsNorm',
  formula: (x, scale) => tf.mul(tf.mul(x!, inverseNorm(x!)), scale!),
  fast: (...inputs) => {
    const [x, scale, save] = inputs as [tf.Tensor2D, tf.Tensor1D, tf.GradSaveFunc];
    const inverse = inverseNorm(x);
    const normalized = tf.mul(x, inverse);
    save([normalized, inverse, scale]);
    return { value: tf.mul(normalized, scale), gradFunc: rmsNormGradient };
  },
};

function inverseNorm(x: tf.Tensor): tf.Tensor {
  return tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), epsilon));
}

function rmsNormGradient(gradient: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] {
  const [normalized, inverse, scale] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
  const weighted = tf.mul(gradient, normalized);
  // mean(gradient * scale * normalized) over each row, as a product with a column.
  const column = tf.div(tf.reshape(scale, [scale.size, 1]), scale.size) as tf.Tensor2D;
  const projection = tf.matMul(weighted as tf.Tensor2D, column);
  const inner = tf.sub(tf.mul(gradient, scale), tf.mul(normalized, projection));
  return [tf.mul(inner, inverse), tf.sum(weighted, 0)];
}
