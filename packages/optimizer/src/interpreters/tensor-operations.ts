import * as tf from '@tensorflow/tfjs-core';
import type { BinaryOperation, UnaryOperation } from '../rule/expression.ts';
import { readsAtOnce } from './backend-traits.ts';

/**
 * The element-wise operations of the language on tensors. On every backend they mean what IEEE 754 and NumPy say of NaN,
 * infinities and zeros; where a kernel of some backend of tfjs 4.22 differs, a comment says how.
 */
export const unaryOperations: Record<UnaryOperation, (x: tf.Tensor) => tf.Tensor> = {
  neg: (x) => tf.neg(x),
  abs: (x) => tf.abs(x),
  // Kernels disagree about NaN (0 on cpu, webgl and wasm), and that of wasm calls 1e-30 a zero.
  sign: (x) => tf.where(tf.isNaN(x), x, tf.sub(numbered(tf.greater(x, 0)), numbered(tf.less(x, 0)))),
  sqrt: (x) => tf.sqrt(x),
  square: (x) => tf.mul(x, x),
  // On WebGPU the exponential of NaN may be an infinity, and logarithms of NaN and of 0 some number.
  exp: (x) => tf.where(tf.isNaN(x), x, tf.exp(x)),
  log: (x) => tf.where(tf.isNaN(x), x, tf.where(tf.equal(x, 0), -Infinity, tf.log(x))),
  floor: (x) => tf.floor(x),
};

export const binaryOperations: Record<BinaryOperation, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
  add: (a, b) => tf.add(a, b),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  div: quotient,
  pow: power,
  minimum: (a, b) => withNaNOf(b, tf.minimum(a, b)),
  maximum: (a, b) => withNaNOf(b, tf.maximum(a, b)),
  greater: (a, b) => numbered(tf.greater(a, b)),
  equal: (a, b) => numbered(tf.equal(a, b)),
};

/** Whether the elements are not 0; NaN is not. A cast to bool on wasm takes the low byte of the integer part instead. */
export function isNonzero(x: tf.Tensor): tf.Tensor {
  return tf.notEqual(x, 0);
}

function numbered(condition: tf.Tensor): tf.Tensor {
  return tf.cast(condition, 'float32');
}

/** The kernels of wasm keep the left operand where the right one is NaN. */
function withNaNOf(b: tf.Tensor, result: tf.Tensor): tf.Tensor {
  return tf.getBackend() === 'wasm' ? tf.where(tf.isNaN(b), b, result) : result;
}

/** The kernel of webgl takes the quotient of equal numbers for 1, that of zeros and of infinities too. */
function quotient(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const result = tf.div(a, b);
  if (tf.getBackend() !== 'webgl') return result;
  // Of all numbers only 0 and the infinities equal their double.
  const isUndefined = tf.logicalAnd(tf.equal(a, b), tf.equal(a, tf.mul(a, 2)));
  return tf.where(isUndefined, Number.NaN, result);
}

/**
 * 1 to any power is 1, NaN included, and so are any number to the power 0 and -1 to an infinite one; the kernel of cpu follows
 * JavaScript instead, and those of devices compute powers of 0 by its logarithm.
 */
function power(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const isInfiniteTurn = tf.logicalAnd(tf.equal(a, -1), tf.isInf(b));
  const isOne = tf.logicalOr(tf.logicalOr(tf.equal(a, 1), tf.equal(b, 0)), isInfiniteTurn);
  const result = tf.where(isOne, 1, tf.pow(a, b));
  if (readsAtOnce()) return result;
  const ofZero = tf.where(tf.greater(b, 0), 0, tf.where(tf.less(b, 0), Infinity, result));
  return tf.where(tf.equal(a, 0), ofZero, result);
}

/** Sum over axes, which keep length 1. The kernels of wasm leave a sum over no elements undefined. */
export function sumOver(x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  return x.size === 0 ? tf.zeros(reducedShape(x, axes)) : tf.sum(x, [...axes], true);
}

/** Mean over axes, which keep length 1: 0 over no elements, and finite where the sum of finite elements is not. */
export function meanOver(x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  const total = sumOver(x, axes);
  const count = x.size / total.size;
  if (x.size === 0 || count === 1) return total;
  // Dividing first alone would round the squares of small gradients to 0 where there are no denormal numbers.
  return tf.where(tf.isFinite(total), tf.div(total, count), sumOver(tf.div(x, count), axes));
}

function reducedShape(x: tf.Tensor, axes: readonly number[]): number[] {
  return x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}
