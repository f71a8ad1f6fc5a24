import {
  abs,
  add,
  type Expression,
  equal,
  greater,
  maximum,
  minimum,
  mul,
  type Shape,
  sub,
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
  // Less itself a number is 0. An infinity, which no number is large against, becomes NaN, and shows in the weights.
  return where(isRounding, sub(x, x), x);
}

/** Of gradients: sums of products of two of them stay within float32. */
const largestGradient = 1e15;

/**
 * Gradients within 1e15 of zero, so that float32 holds sums of products of two, such as those of a Gram matrix. An infinity stays one,
 * and shows in the weights as NaN does.
 */
export function boundedGradient(gradient: Expression): Expression {
  const bounded = minimum(maximum(gradient, -largestGradient), largestGradient);
  // Infinities and zeros are their own halves.
  return where(equal(gradient, mul(0.5, gradient)), gradient, bounded);
}
