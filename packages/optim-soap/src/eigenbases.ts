import type { TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import { eigenvectors } from './eigenvectors.ts';
import { orthogonalFactor } from './orthogonal-factor.ts';

/** The eigenvectors of a Gram matrix as columns, by falling eigenvalue. */
export function eigenbasis(length: number): TensorTransform {
  return inJavaScript('eigenbasis', [length, length], (gram) => eigenvectors(gram, length));
}

/** An orthogonal basis of the columns of a square matrix, in their order: the Q of its QR decomposition. */
export function orthogonalBasis(length: number): TensorTransform {
  return inJavaScript('orthogonalBasis', [length, length], (matrix) => orthogonalFactor(matrix, length));
}

/** Indices of the elements of a [1, length] tensor, by falling value. */
export function fallingOrder(length: number): TensorTransform {
  return inJavaScript('fallingOrder', [length], (values) => {
    const order = Array.from(values, (_, index) => index);
    return Float64Array.from(order.sort((i, j) => values[j]! - values[i]!));
  });
}

/** A transform of one tensor that is computed in float64 by JavaScript in either interpreter. */
function inJavaScript(
  name: string,
  shape: number[],
  compute: (data: Float64Array) => Float64Array,
): TensorTransform {
  return {
    name,
    shape,
    onTensors: ([x]) => tf.tensor(Float32Array.from(compute(readNow(x!))), shape),
    inFloat64: ([x]) => compute(x!.data),
  };
}

/** @throws Error where the backend can only be read asynchronously. */
function readNow(tensor: tf.Tensor): Float64Array {
  try {
    return Float64Array.from(tensor.dataSync());
  } catch (cause) {
    throw new Error(
      `soap computes eigenbases in JavaScript and reads small matrices for it in the middle of a step, which the ` +
        `backend "${tf.getBackend()}" does not allow here; use it on the backend wasm, webgl, cpu or node`,
      { cause },
    );
  }
}
