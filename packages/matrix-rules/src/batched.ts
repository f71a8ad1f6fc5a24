import { type Float64Tensor, type Shape, stacked, type TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';

/** A transform that is written for several tensors at once. */
export interface BatchedTransform {
  readonly name: string;
  /** Shape of one result. */
  readonly shape: Shape;
  /** What decides the computation besides the name and the shapes of inputs and result. */
  readonly options?: unknown;
  /** Whether one large tensor occupies all cores: see `TransformBatch`. */
  readonly sharesCores?: boolean;
  /** Every input, and the result, with one more axis in front; no tensor along it has a part in the result of another. */
  onBatch(inputs: readonly tf.Tensor[], scalars: readonly number[]): tf.Tensor;
  inFloat64(inputs: readonly Float64Tensor[], scalars: readonly number[]): Float64Array;
}

/** The transform, which is a batch of one where nothing of its kind is wanted beside it. */
export function batched({
  name,
  shape,
  options,
  sharesCores = false,
  onBatch,
  inFloat64,
}: BatchedTransform): TensorTransform {
  return {
    name,
    shape,
    onTensors: (inputs, scalars) =>
      tf.reshape(
        onBatch(
          inputs.map((input) => tf.reshape(input, [1, ...input.shape])),
          scalars,
        ),
        [...shape],
      ),
    inFloat64,
    batch: { key: JSON.stringify([options]), sharesCores, onTensors: onBatch },
  };
}

/** A batch of a transform that takes one tensor at a time. */
export function oneByOne(
  transform: TensorTransform,
  inputs: readonly tf.Tensor[],
  scalars: readonly number[],
): tf.Tensor {
  const each = inputs.map((input) => tf.unstack(input));
  return stacked(
    each[0]!.map((_, i) =>
      transform.onTensors(
        each.map((list) => list[i]!),
        scalars,
      ),
    ),
  );
}
