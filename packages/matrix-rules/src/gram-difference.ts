import type { Shape, TensorTransform } from '@steepest/optimizer';
import { canRunKernel, gramDifferenceKernel, runKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';
import { aroundAxis, gramMatrix } from './axis-matrices.ts';
import { batched } from './batched.ts';
import { product } from './float64-matrices.ts';

/**
 * The upper triangle of the difference of two Gram matrices by a lower bound of the norm of their sum, [length, length]:
 * `triu(A A^T - B B^T) / bound(A A^T + B B^T)`, with the slices of an axis as the rows of A and B. Inputs: both tensors, none of
 * whose sums of squares leaves float32.
 *
 * The bound of PSGD's codes is near the largest singular value in practice: `|S S w| / |S w|` of a sum S with w its longest column; where it
 * is zero, nothing is divided. Pooladzandi and Li 2024, arXiv 2402.04553.
 */
export function gramDifference(shape: Shape, axis: number): TensorTransform {
  const [before, length, after] = aroundAxis(shape, axis);
  const gram = gramMatrix(shape, axis);
  return batched({
    name: 'gramDifference',
    shape: [length, length],
    options: axis,
    sharesCores: true,
    onBatch([a, b]) {
      const isMatrix = before === 1 || after === 1;
      const view = after === 1 ? [-1, before, length] : [-1, length, after];
      const matrices = isMatrix ? { a: tf.reshape(a!, view), b: tf.reshape(b!, view) } : undefined;
      if (matrices !== undefined && canRunKernel(gramDifferenceKernel, matrices)) {
        return runKernel(gramDifferenceKernel, matrices, { axis: after === 1 ? 'columns' : 'rows' }).y;
      }
      const [first, second] = [gram.batch!.onTensors([a!], []), gram.batch!.onTensors([b!], [])];
      const bound = normLowerBound(tf.add(first, second));
      const [rows, columns] = [tf.range(0, length), tf.reshape(tf.range(0, length), [1, length])];
      const isAbove = tf.greaterEqual(columns, tf.reshape(rows, [length, 1]));
      const difference = tf.where(isAbove, tf.sub(first, second), 0);
      return tf.div(difference, tf.where(tf.equal(bound, 0), tf.onesLike(bound), bound));
    },
    inFloat64([a, b]) {
      const [first, second] = [gram.inFloat64([a!], []), gram.inFloat64([b!], [])];
      const bound =
        normLowerBoundInFloat64(
          first.map((element, i) => element + second[i]!),
          length,
        ) || 1;
      return first.map((element, i) =>
        i % length < Math.floor(i / length) ? 0 : (element - second[i]!) / bound,
      );
    },
  });
}

/** The bound of every matrix of a batch [matrices, length, length], [matrices, 1, 1]. */
function normLowerBound(matrices: tf.Tensor): tf.Tensor {
  const length = matrices.shape.at(-1)!;
  const largest = tf.max(tf.abs(matrices), [1, 2], true);
  const scaled = tf.divNoNan(matrices, largest);
  const longest = tf.argMax(tf.sum(tf.mul(scaled, scaled), 1), 1);
  const places = tf.reshape(tf.range(0, length, 1, 'int32'), [1, length, 1]);
  const unit = tf.cast(tf.equal(places, tf.reshape(longest, [-1, 1, 1])), 'float32');
  const x = tf.matMul(scaled, tf.matMul(scaled, unit));
  const image = tf.matMul(scaled, x);
  const normOf = (vectors: tf.Tensor): tf.Tensor => tf.sqrt(tf.sum(tf.mul(vectors, vectors), 1, true));
  return tf.mul(largest, tf.divNoNan(normOf(image), normOf(x)));
}

function normLowerBoundInFloat64(matrix: Float64Array, length: number): number {
  const largest = matrix.reduce((most, element) => Math.max(most, Math.abs(element)), 0);
  if (largest === 0) return 0;
  const scaled = matrix.map((element) => element / largest);
  const squares = new Float64Array(length);
  for (const [index, element] of scaled.entries()) squares[index % length]! += element * element;
  const column = squares.indexOf(Math.max(...squares));
  const chosen = Float64Array.from({ length }, (_, row) => scaled[row * length + column]!);
  const x = product(scaled, chosen, length, length);
  return (largest * Math.hypot(...product(scaled, x, length, length))) / Math.hypot(...x);
}
