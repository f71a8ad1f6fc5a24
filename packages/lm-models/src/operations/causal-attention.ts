import {
  type AttentionLayout,
  canRunKernel,
  causalAttentionKernel,
  runKernel,
} from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type OperationForms, softmax } from './nested-gradients.ts';

// Far below any score, and finite: exp underflows to 0 without the NaN that infinities risk.
const masked = -1e9;

/** [positions, positions]: 0 where a position may look (itself and before), -1e9 after it. */
export function causalMask(positions: number): tf.Tensor2D {
  const mask = new Float32Array(positions * positions);
  for (let row = 0; row < positions; row++)
    mask.fill(masked, row * positions + row + 1, (row + 1) * positions);
  return tf.tensor2d(mask, [positions, positions]);
}

/**
 * Multi-head causal attention: `softmax(q k^T / sqrt(headWidth) + mask) v` in every head (Vaswani et al.
 * 2017, arXiv 1706.03762, eq. 1).
 *
 * @param queries [sequences * positions, width], as are keys, values and the result
 * @param mask [positions, positions] from {@link causalMask}
 */
export function causalAttention(
  queries: tf.Tensor2D,
  keys: tf.Tensor2D,
  values: tf.Tensor2D,
  mask: tf.Tensor2D,
  layout: AttentionLayout,
): tf.Tensor2D {
  const inputs = { queries, keys, values };
  // The kernel masks by itself and keeps no square of scores: its gradient computes them again.
  if (canRunKernel(causalAttentionKernel, inputs)) {
    return runKernel(causalAttentionKernel, inputs, layout).y as tf.Tensor2D;
  }
  return differentiable(formsOf(mask, layout), queries, keys, values) as tf.Tensor2D;
}

function formsOf(mask: tf.Tensor2D, layout: AttentionLayout): OperationForms {
  const parts = (q: tf.Tensor2D, k: tf.Tensor2D, v: tf.Tensor2D) => {
    const scale = 1 / Math.sqrt(q.shape[1] / layout.heads);
    // Scaling the queries costs less than scaling the square of scores.
    const query = splitHeads(tf.mul(q, scale), layout);
    const key = splitHeads(k, layout);
    const scores = tf.add(tf.matMul(query, key, false, true), mask);
    return { scale, query, key, value: splitHeads(v, layout), scores };
  };
  return {
    name: 'causalAttention',
    formula: (...inputs) => {
      const { scores, value } = parts(...(inputs as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D]));
      return joinHeads(tf.matMul(softmax(scores).probabilities, value) as tf.Tensor4D, layout);
    },
    fast: (...inputs) => {
      const [q, k, v, save] = inputs as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
      const { scale, query, key, value, scores } = parts(q, k, v);
      const probabilities = tf.softmax(scores);
      const output = tf.matMul(probabilities, value) as tf.Tensor4D;
      save([query, key, value, probabilities, output]);
      return {
        value: joinHeads(output, layout),
        gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) =>
          attentionGradient(gradient, saved, layout, scale),
      };
    },
  };
}

function attentionGradient(
  gradient: tf.Tensor,
  saved: tf.Tensor[],
  layout: AttentionLayout,
  scale: number,
): tf.Tensor[] {
  const [query, key, value, probabilities, output] = saved as [
    tf.Tensor4D,
    tf.Tensor4D,
    tf.Tensor4D,
    tf.Tensor4D,
    tf.Tensor4D,
  ];
  const outputGradient = splitHeads(gradient as tf.Tensor2D, layout);
  const valueGradient = tf.matMul(probabilities, outputGradient, true, false);
  const probabilityGradient = tf.matMul(outputGradient, value, false, true);
  // The softmax's sum(gradient * probabilities) over a row of scores equals sum(outputGradient * output)
  // over a row of the output, which is shorter (Dao et al. 2022, arXiv 2205.14135).
  const rowSums = tf.sum(tf.mul(outputGradient, output), -1, true);
  const scoreGradient = tf.mul(probabilities, tf.sub(probabilityGradient, rowSums));
  const queryGradient = tf.matMul(scoreGradient, key);
  const keyGradient = tf.matMul(scoreGradient, query, true, false);
  return [
    tf.mul(joinHeads(queryGradient as tf.Tensor4D, layout), scale),
    joinHeads(keyGradient as tf.Tensor4D, layout),
    joinHeads(valueGradient as tf.Tensor4D, layout),
  ];
}

/** [sequences * positions, width] to [sequences, heads, positions, headWidth]. */
function splitHeads(x: tf.Tensor2D, { sequences, positions, heads }: AttentionLayout): tf.Tensor4D {
  return tf.transpose(
    tf.reshape(x, [sequences, positions, heads, x.shape[1] / heads]) as tf.Tensor4D,
    [0, 2, 1, 3],
  );
}

function joinHeads(x: tf.Tensor4D, { sequences, positions }: AttentionLayout): tf.Tensor2D {
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [sequences * positions, -1]);
}
