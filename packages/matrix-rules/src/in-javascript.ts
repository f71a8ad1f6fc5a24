import type { Float64Tensor, Shape, TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';

/**
 * A transform that is computed in float64 by JavaScript in either interpreter.
 *
 * @throws Error, in a step, where the backend can only be read asynchronously.
 */
export function inJavaScript(
  name: string,
  shape: Shape,
  compute: (inputs: readonly Float64Tensor[], scalars: readonly number[]) => Float64Array,
): TensorTransform {
  return {
    name,
    shape,
    onTensors: (inputs, scalars) => {
      const read = inputs.map((input) => ({ shape: input.shape, data: readNow(input, name) }));
      return tf.tensor(Float32Array.from(compute(read, scalars)), [...shape]);
    },
    inFloat64: compute,
  };
}

function readNow(tensor: tf.Tensor, name: string): Float64Array {
  try {
    return Float64Array.from(tensor.dataSync());
  } catch (cause) {
    throw new Error(
      `${name} is computed in JavaScript, from matrices that are read in the middle of a step, which the backend ` +
        `"${tf.getBackend()}" does not allow here; use the backend wasm, webgl, cpu or node`,
      { cause },
    );
  }
}
