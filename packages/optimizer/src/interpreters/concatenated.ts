import * as tf from '@tensorflow/tfjs-core';
import { isTensorflow, readsAtOnce } from './backend-traits.ts';

/** Tensors of one call on a device: with the result they are fewer than the eight buffers that WebGPU promises a shader. */
const together = 4;

/**
 * Joins any number of tensors along an axis, within a `tf.tidy`. On a device they are joined a few at a time, since tfjs-backend-webgpu
 * binds each to a buffer of its own and reads stale memory where there are too many.
 *
 * @param tensors at least one, alike but for their length along the axis
 */
export function concatenated(tensors: readonly tf.Tensor[], axis: number): tf.Tensor {
  if (tensors.length === 1) return tensors[0]!;
  if (readsAtOnce() || isTensorflow()) return tf.concat([...tensors], axis);
  const joined: tf.Tensor[] = [];
  for (let from = 0; from < tensors.length; from += together) {
    joined.push(ofFew(tensors.slice(from, from + together), axis));
  }
  return concatenated(joined, axis);
}

function ofFew([a, b, c, d]: readonly tf.Tensor[], axis: number): tf.Tensor {
  if (d !== undefined) return tf.concat([a!, b!, c!, d], axis);
  if (c !== undefined) return tf.concat([a!, b!, c], axis);
  return b === undefined ? a! : tf.concat([a!, b], axis);
}

/** Joins tensors of one shape along a new first axis, as {@link concatenated} does. */
export function stacked(tensors: readonly tf.Tensor[]): tf.Tensor {
  const { shape } = tensors[0]!;
  return concatenated(
    tensors.map((tensor) => tf.reshape(tensor, [1, ...shape])),
    0,
  );
}
