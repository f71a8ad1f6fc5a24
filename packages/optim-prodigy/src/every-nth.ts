import { type Expression, type TensorTransform, transform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';

/** Every `stride`-th element of a tensor of `size` elements, from the first on, in row-major order. */
export function everyNth(size: number, stride: number): (x: Expression) => Expression {
  if (stride === 1) return (x) => x;
  const count = Math.ceil(size / stride);
  const definition: TensorTransform = {
    name: 'everyNth',
    shape: [count],
    onTensors: ([x]) => {
      const padded = tf.pad1d(tf.reshape(x!, [size]), [0, count * stride - size]);
      return tf.reshape(tf.slice(tf.reshape(padded, [count, stride]), [0, 0], [count, 1]), [count]);
    },
    inFloat64: ([x]) => Float64Array.from({ length: count }, (_, index) => x!.data[index * stride]!),
  };
  return (x) => transform(definition, [x]);
}
