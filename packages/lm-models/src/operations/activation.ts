import { canRunKernel, geluKernel, runKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable, erf, type OperationForms, sigmoid, tanh } from './nested-gradients.ts';

/** Activation between the matrices of the MLP. */
export type Activation = 'gelu' | 'geluTanh' | 'relu' | 'silu' | 'geglu' | 'swiglu';

type Elementwise = (input: tf.Tensor2D) => tf.Tensor2D;

const functions: Readonly<Record<Activation, { readonly apply: Elementwise; readonly isGated: boolean }>> = {
  gelu: { apply: gelu, isGated: false },
  geluTanh: { apply: geluTanh, isGated: false },
  relu: { apply: tf.relu, isGated: false },
  silu: { apply: silu, isGated: false },
  geglu: { apply: gelu, isGated: true },
  swiglu: { apply: silu, isGated: true },
};

/** Names of the activations. */
export const activations = Object.keys(functions) as readonly Activation[];

/** Whether the activation is that of a gate, which another product is multiplied with (Shazeer 2020, arXiv 2002.05202). */
export function isGated(activation: Activation): boolean {
  return functions[activation].isGated;
}

/** Applies an activation, or that of the gate, to every element. */
export function activate(input: tf.Tensor2D, activation: Activation): tf.Tensor2D {
  return functions[activation].apply(input);
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
  return differentiable(geluForms, input) as T;
}

const geluForms: OperationForms = {
  name: 'gelu',
  formula: (x) => tf.mul(tf.mul(x!, 0.5), tf.add(erf(tf.mul(x!, Math.SQRT1_2)), 1)),
  fast: (...inputs) => {
    const [x, save] = inputs as [tf.Tensor, tf.GradSaveFunc];
    const twicePhi = tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1);
    save([x, twicePhi]);
    return { value: tf.mul(tf.mul(x, 0.5), twicePhi), gradFunc: geluGradient };
  },
};

// d/dx x Phi(x) = Phi(x) + x exp(-x^2/2) / sqrt(2 pi)
function geluGradient(gradient: tf.Tensor, saved: tf.Tensor[]): tf.Tensor {
  const [x, twicePhi] = saved as [tf.Tensor, tf.Tensor];
  const bell = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), Math.sqrt(2 / Math.PI));
  return tf.mul(gradient, tf.mul(tf.add(twicePhi, tf.mul(x, bell)), 0.5));
}

const tanhScale = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/** The approximation `x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2` of {@link gelu} (the same paper), as in GPT-2. */
export function geluTanh<T extends tf.Tensor>(input: T): T {
  return differentiable(geluTanhForms, input) as T;
}

const geluTanhForms: OperationForms = {
  name: 'geluTanh',
  formula: (x) => tf.mul(tf.mul(x!, 0.5), tf.add(tanh(tanhArgument(x!)), 1)),
  fast: (...inputs) => {
    const [x, save] = inputs as [tf.Tensor, tf.GradSaveFunc];
    const tanh = tf.tanh(tanhArgument(x));
    save([x, tanh]);
    return { value: tf.mul(tf.mul(x, 0.5), tf.add(tanh, 1)), gradFunc: geluTanhGradient };
  },
};

function tanhArgument(x: tf.Tensor): tf.Tensor {
  const scaledSquare = tf.mul(tf.square(x), cubic);
  return tf.mul(tf.mul(x, tf.add(scaledSquare, 1)), tanhScale);
}

// d/dx x (1 + t) / 2 = (1 + t) / 2 + x (1 - t^2) sqrt(2 / pi) (1 + 3 c x^2) / 2
function geluTanhGradient(gradient: tf.Tensor, saved: tf.Tensor[]): tf.Tensor {
  const [x, tanh] = saved as [tf.Tensor, tf.Tensor];
  const inner = tf.mul(tf.add(tf.mul(tf.square(x), 3 * cubic), 1), tanhScale);
  const slope = tf.mul(tf.mul(x, tf.sub(1, tf.square(tanh))), inner);
  return tf.mul(gradient, tf.mul(tf.add(tf.add(tanh, 1), slope), 0.5));
}

/** Sigmoid linear unit, `x sigmoid(x)` (Elfwing et al. 2017, arXiv 1702.03118). */
export function silu<T extends tf.Tensor>(input: T): T {
  return differentiable(siluForms, input) as T;
}

const siluForms: OperationForms = {
  name: 'silu',
  formula: (x) => tf.mul(x!, sigmoid(x!)),
  fast: (...inputs) => {
    const [x, save] = inputs as [tf.Tensor, tf.GradSaveFunc];
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
  },
};
