import { canRunKernel, geluKernel, runKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';

/** Activation between the two matrices of the MLP. */
export type Activation = 'gelu' | 'relu' | 'silu';

/** Names of the activations. */
export const activations: readonly Activation[] = ['gelu', 'relu', 'silu'];

/** Applies an activation to every element. */
export function activate(input: tf.Tensor2D, activation: Activation): tf.Tensor2D {
  switch (activation) {
    case 'gelu':
      return gelu(input);
    case 'relu':
      return tf.relu(input);
    case 'silu':
      return silu(input);
  }
}

/**
 * Gaussian error linear unit in its exact form, `x Phi(x)` with `Phi(x) = (1 + erf(x / sqrt 2)) / 2`
 * (Hendrycks and Gimpel 2016, arXiv 1606.08415).
 *
 * `erf` is the backend's: exact to float32 rounding on wasm and tfjs-node, and a polynomial within 1.5e-7 of it
 * (Abramowitz and Stegun 7.1.26) on cpu, webgl and webgpu. The fused kernel's Phi is within 1e-7.
 */
export function gelu<T extends tf.Tensor>(input: T): T {
  if (canRunKernel(geluKernel, { x: input })) return runKernel(geluKernel, { x: input }, {}).y as T;
  const operation = tf.customGrad((...inputs) => {
    const [x, save] = inputs as [T, tf.GradSaveFunc];
    const twicePhi = tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1);
    save([x, twicePhi]);
    return { value: tf.mul(tf.mul(x, 0.5), twicePhi), gradFunc: geluGradient };
  });
  return operation(input) as T;
}

// d/dx x Phi(x) = Phi(x) + x exp(-x^2/2) / sqrt(2 pi)
function geluGradient(gradient: tf.Tensor, saved: tf.Tensor[]): tf.Tensor {
  const [x, twicePhi] = saved as [tf.Tensor, tf.Tensor];
  const bell = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), Math.sqrt(2 / Math.PI));
  return tf.mul(gradient, tf.mul(tf.add(twicePhi, tf.mul(x, bell)), 0.5));
}

/** Sigmoid linear unit, `x sigmoid(x)` (Elfwing et al. 2017, arXiv 1702.03118). */
export function silu<T extends tf.Tensor>(input: T): T {
  const operation = tf.customGrad((...inputs) => {
    const [x, save] = inputs as [T, tf.GradSaveFunc];
    const gate = tf.sigmoid(x);
    const value = tf.mul(x, gate);
    save([gate, value]);
    return {
      value,
      // d/dx x s(x) = s + x s (1 - s) = s + y - y s
      gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) => {
        const [s, y] = saved as [tf.Tensor, tf.Tensor];
        return tf.mul(gradient, tf.sub(tf.add(s, y), tf.mul(y, s)));
      },
    };
  });
  return operation(input) as T;
}
