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
