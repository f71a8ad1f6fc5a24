import type { Shape, TensorTransform } from '@steepest/optimizer';
import { canRunKernel, gramMatrixKernel, runKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';
import { batched } from './batched.ts';
import { tensorProduct } from './tensor-product.ts';

/** A tensor seen from one axis: [elements before it, its length, elements after it]. */
export function aroundAxis(shape: Shape, axis: number): [before: number, length: number, after: number] {
  const size = (lengths: Shape) => lengths.reduce((product, length) => product * length, 1);
  return [size(shape.slice(0, axis)), shape[axis]!, size(shape.slice(axis + 1))];
}

/** The Gram matrix of an axis, `G G^T` with the axis' slices as the rows of G: symmetric, [length, length]. */
export function gramMatrix(shape: Shape, axis: number): TensorTransform {
  const [before, length, after] = aroundAxis(shape, axis);
  return batched({
    name: 'gramMatrix',
    shape: [length, length],
    options: axis,
    sharesCores: true,
    onBatch([x]) {
      if (after === 1) return gramOf(tf.reshape(x!, [-1, before, length]), 'columns');
      if (before === 1) return gramOf(tf.reshape(x!, [-1, length, after]), 'rows');
      const slices = tf.transpose(tf.reshape(x!, [-1, before, length, after]), [0, 2, 1, 3]);
      return gramOf(tf.reshape(slices, [-1, length, before * after]), 'rows');
    },
    inFloat64([x]) {
      const { data } = x!;
      const gram = new Float64Array(length * length);
      for (let i = 0; i < length; i++) {
        for (let j = 0; j <= i; j++) {
          let sum = 0;
          for (let b = 0; b < before; b++) {
            const first = (b * length + i) * after;
            const second = (b * length + j) * after;
            for (let a = 0; a < after; a++) sum += data[first + a]! * data[second + a]!;
          }
          gram[i * length + j] = sum;
          gram[j * length + i] = sum;
        }
      }
      return gram;
    },
  });
}

function gramOf(x: tf.Tensor, axis: 'rows' | 'columns'): tf.Tensor {
  if (canRunKernel(gramMatrixKernel, { x })) return runKernel(gramMatrixKernel, { x }, { axis }).y;
  return tensorProduct(x, x, axis === 'rows' ? 'right' : 'left');
}

/**
 * The product of a tensor and a square matrix along an axis: element i of the result's axis is the sum over j of
 * element j times `matrix[j, i]` (`forward`: into the basis that is the matrix' columns) or `matrix[i, j]`
 * (`backward`: out of it).
 */
export function rotation(shape: Shape, axis: number, direction: 'forward' | 'backward'): TensorTransform {
  const [before, length, after] = aroundAxis(shape, axis);
  return batched({
    name: 'rotation',
    shape,
    options: [axis, direction],
    sharesCores: true,
    onBatch([x, basis]) {
      const isForward = direction === 'forward';
      if (after === 1) {
        const rows = tf.reshape(x!, [-1, before, length]);
        return tf.reshape(tensorProduct(rows, basis!, isForward ? undefined : 'right'), x!.shape);
      }
      const flipped = isForward ? 'left' : undefined;
      if (before === 1) {
        return tf.reshape(tensorProduct(basis!, tf.reshape(x!, [-1, length, after]), flipped), x!.shape);
      }
      // Not by broadcasting the basis: the product of tfjs-backend-cpu takes the wrong matrices of two batch axes.
      const slices = tf.transpose(tf.reshape(x!, [-1, before, length, after]), [0, 2, 1, 3]);
      const rows = tf.reshape(slices, [-1, length, before * after]);
      const rotated = tf.reshape(tensorProduct(basis!, rows, flipped), slices.shape);
      return tf.reshape(tf.transpose(rotated, [0, 2, 1, 3]), x!.shape);
    },
    inFloat64([x, basis]) {
      const [row, column] = direction === 'forward' ? [length, 1] : [1, length];
      const result = new Float64Array(x!.data.length);
      for (let b = 0; b < before; b++) {
        for (let i = 0; i < length; i++) {
          for (let j = 0; j < length; j++) {
            const weight = basis!.data[j * row + i * column]!;
            const from = (b * length + j) * after;
            const to = (b * length + i) * after;
            for (let a = 0; a < after; a++) result[to + a]! += weight * x!.data[from + a]!;
          }
        }
      }
      return result;
    },
  });
}

/** The slices of a tensor along an axis, in the order of a list of indices. */
export function reordering(shape: Shape, axis: number): TensorTransform {
  const [before, length, after] = aroundAxis(shape, axis);
  return {
    name: 'reordering',
    shape,
    onTensors: ([x, order]) => tf.gather(x!, tf.cast(order!, 'int32'), axis),
    inFloat64([x, order]) {
      const result = new Float64Array(x!.data.length);
      for (let b = 0; b < before; b++) {
        for (let i = 0; i < length; i++) {
          const from = (b * length + order!.data[i]!) * after;
          result.set(x!.data.subarray(from, from + after), (b * length + i) * after);
        }
      }
      return result;
    },
  };
}
