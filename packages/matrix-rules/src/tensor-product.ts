import { gramMatrixKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';

/** The product over the last two axes, one operand transposed in them on request; the axes before them broadcast. */
export function tensorProduct(a: tf.Tensor, b: tf.Tensor, flipped?: 'left' | 'right'): tf.Tensor {
  if (flipped === undefined || !transposesSlowly())
    return tf.matMul(a, b, flipped === 'left', flipped === 'right');
  return flipped === 'left' ? tf.matMul(lastAxesSwapped(a), b) : tf.matMul(a, lastAxesSwapped(b));
}

/** tfjs-backend-wasm multiplies fast only without transpositions, unless @steepest/wasm-kernels is there. */
function transposesSlowly(): boolean {
  return tf.getBackend() === 'wasm' && tf.getKernel(gramMatrixKernel.name, 'wasm') === undefined;
}

function lastAxesSwapped(x: tf.Tensor): tf.Tensor {
  const axes = [...x.shape.keys()];
  return tf.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}
