import {
  abs,
  add,
  type Expression,
  equal,
  greater,
  mul,
  type Shape,
  type TensorTransform,
  transform,
  where,
} from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import { product } from './float64-matrices.ts';

/** The largest magnitude of a tensor's elements, in a tensor of as many axes, all of length 1. */
export function largestMagnitude(shape: Shape): TensorTransform {
  return {
    name: 'largestMagnitude',
    shape: shape.map(() => 1),
    onTensors: ([x]) => tf.max(tf.abs(x!), undefined, true),
    inFloat64: ([x]) =>
      Float64Array.of(x!.data.reduce((most, element) => Math.max(most, Math.abs(element)), 0)),
  };
}

/** Of a float32 result: what is smaller than this times the largest element may be rounding. */
const float32Noise = 2 ** -21;

/**
 * A tensor with zeros where its elements are too small compared with the largest to be told from float32 rounding. A rotated
 * gradient has such elements where in truth it has none, and an Adam step would make full steps of them.
 */
export function withoutRounding(x: Expression): Expression {
  const threshold = mul(transform(largestMagnitude(x.shape!), [x]), float32Noise);
  const size = abs(x);
  // NaN is neither, and stays.
  const isRounding = add(greater(threshold, size), equal(threshold, size));
  return where(isRounding, 0, x);
}

/**
 * A lower bound of the largest singular value of a symmetric matrix, near it in practice, [1, 1]: with W the matrix by its
 * largest element, w its column of largest norm and x = W w, that element times `|W x| / |x|`; 0 for zeros.
 *
 * The bound of PSGD's codes (Pooladzandi and Li 2024, arXiv 2402.04553).
 */
export function normLowerBound(length: number): TensorTransform {
  return {
    name: 'normLowerBound',
    shape: [1, 1],
    onTensors([matrix]) {
      const largest = tf.max(tf.abs(matrix!));
      const scaled = tf.divNoNan(matrix!, largest);
      const column = tf.argMax(tf.sum(tf.mul(scaled, scaled), 0));
      const chosen = tf.reshape(tf.gather(scaled, tf.reshape(column, [1]), 1), [length, 1]);
      const x = tf.matMul(scaled, chosen as tf.Tensor2D);
      const image = tf.matMul(scaled, x);
      return tf.reshape(tf.mul(largest, tf.divNoNan(tf.norm(image), tf.norm(x))), [1, 1]);
    },
    inFloat64([matrix]) {
      const largest = matrix!.data.reduce((most, element) => Math.max(most, Math.abs(element)), 0);
      if (largest === 0) return Float64Array.of(0);
      const scaled = matrix!.data.map((element) => element / largest);
      const squares = new Float64Array(length);
      for (const [index, element] of scaled.entries()) squares[index % length]! += element * element;
      const column = squares.indexOf(Math.max(...squares));
      const chosen = Float64Array.from({ length }, (_, row) => scaled[row * length + column]!);
      const x = product(scaled, chosen, length, length);
      return Float64Array.of(
        (largest * Math.hypot(...product(scaled, x, length, length))) / Math.hypot(...x),
      );
    },
  };
}
