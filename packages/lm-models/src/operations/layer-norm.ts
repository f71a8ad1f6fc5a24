import { canRunKernel, layerNormKernel, runKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type OperationForms } from './nested-gradients.ts';

const epsilon = 1e-5;

/**
 * Layer normalization with a weight and no bias, over the last axis:
 * `y = weight (x - mean(x)) / sqrt(var(x) + 1e-5)` (Ba et al. 2016, arXiv 1607.06450).
 *
 * @param input [rows, width]
 * @param weight [width]
 */
export function layerNorm(input: tf.Tensor2D, weight: tf.Tensor1D): tf.Tensor2D {
  const inputs = { x: input, weight };
  if (canRunKernel(layerNormKernel, inputs)) {
    return runKernel(layerNormKernel, inputs, { epsilon }).y as tf.Tensor2D;
  }
  return differentiable(forms, input, weight) as tf.Tensor2D;
}

const forms: OperationForms = {
  name: 'layerNorm',
  formula: (x, scale) => tf.mul(normalize(x!).normalized, scale!),
  fast: (...inputs) => {
    const [x, scale, save] = inputs as [tf.Tensor2D, tf.Tensor1D, tf.GradSaveFunc];
    const { normalized, inverseDeviation } = normalize(x);
    save([normalized, inverseDeviation, scale]);
    return { value: tf.mul(normalized, scale), gradFunc: layerNormGradient };
  },
};

function normalize(x: tf.Tensor): { normalized: tf.Tensor; inverseDeviation: tf.Tensor } {
  const centered = tf.sub(x, tf.mean(x, 1, true));
  const variance = tf.mean(tf.square(centered), 1, true);
  const inverseDeviation = tf.rsqrt(tf.add(variance, epsilon));
  return { normalized: tf.mul(centered, inverseDeviation), inverseDeviation };
}

function layerNormGradient(gradient: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] {
  const [normalized, inverseDeviation, scale] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
  const weighted = tf.mul(gradient, normalized);
  // The two means below are products with the weight: mean(gradient * scale) over the row, and the same
  // with `normalized` inside. As products with a column they need no scaled copy of the gradient.
  const column = tf.div(tf.reshape(scale, [scale.size, 1]), scale.size) as tf.Tensor2D;
  const mean = tf.matMul(gradient as tf.Tensor2D, column);
  const projection = tf.matMul(weighted as tf.Tensor2D, column);
  const inner = tf.sub(tf.sub(tf.mul(gradient, scale), mean), tf.mul(normalized, projection));
  return [tf.mul(inner, inverseDeviation), tf.sum(weighted, 0)];
}
