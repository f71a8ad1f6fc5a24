import * as tf from '@tensorflow/tfjs-core';

/**
 * Repeats each head so that there are `wanted` of them: heads 0, 0, 1, 1, ... of two.
 *
 * @param rows [rows, heads * headWidth]
 * @returns [rows, wanted * headWidth]
 */
export function repeatHeads(rows: tf.Tensor2D, heads: number, wanted: number): tf.Tensor2D {
  if (heads === wanted) return rows;
  const [count, width] = rows.shape;
  const apart = tf.reshape(rows, [count, heads, 1, width / heads]);
  return tf.reshape(tf.tile(apart, [1, 1, wanted / heads, 1]), [count, -1]) as tf.Tensor2D;
}
