import { canRunKernel, rotaryEmbeddingKernel, runKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';

const base = 10_000;

/** Cosines and sines of a rotary embedding, and the matrix that swaps the halves of a head. */
export interface RotaryTables {
  /** [positions, width] */
  readonly cosine: tf.Tensor2D;
  /** [positions, width] */
  readonly sine: tf.Tensor2D;
  /** [headWidth, headWidth]: a row (a, b) times it is (-b, a). */
  readonly rotateHalf: tf.Tensor2D;
}

/**
 * Tables for positions 0 to `positions - 1`. The caller disposes of them.
 *
 * Pair i of a head 2n wide turns by `position * 10000^(-i/n)`; it is made of elements i and n + i.
 */
export function rotaryTables(positions: number, heads: number, headWidth: number): RotaryTables {
  const width = heads * headWidth;
  const half = headWidth / 2;
  const cosine = new Float32Array(positions * width);
  const sine = new Float32Array(positions * width);
  for (let position = 0; position < positions; position++) {
    for (let column = 0; column < width; column++) {
      const angle = position * base ** (-(column % half) / half);
      cosine[position * width + column] = Math.cos(angle);
      sine[position * width + column] = Math.sin(angle);
    }
  }
  const rotateHalf = new Float32Array(headWidth * headWidth);
  for (let i = 0; i < half; i++) {
    rotateHalf[(half + i) * headWidth + i] = -1;
    rotateHalf[i * headWidth + half + i] = 1;
  }
  return {
    cosine: tf.tensor2d(cosine, [positions, width]),
    sine: tf.tensor2d(sine, [positions, width]),
    rotateHalf: tf.tensor2d(rotateHalf, [headWidth, headWidth]),
  };
}

/**
 * Rotary position embedding (Su et al. 2021, arXiv 2104.09864): turns each pair (a, b) of a head by its
 * position's angle, `a cos - b sin` and `b cos + a sin`.
 *
 * @param input [sequences * positions, width], the positions of a sequence in consecutive rows
 * @param tables for exactly the positions of one sequence, and at least as many heads
 */
export function rotaryEmbedding(input: tf.Tensor2D, tables: RotaryTables): tf.Tensor2D {
  const { rotateHalf } = tables;
  const [cosine, sine] = [tables.cosine, tables.sine].map((table) => ofWidth(table, input.shape[1])) as [
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const inputs = { x: input, cosine, sine };
  if (canRunKernel(rotaryEmbeddingKernel, inputs)) {
    const attributes = { headWidth: rotateHalf.shape[0] };
    return runKernel(rotaryEmbeddingKernel, inputs, attributes).y as tf.Tensor2D;
  }
  const operation = tf.customGrad((...inputs) => {
    const [x, save] = inputs as [tf.Tensor2D, tf.GradSaveFunc];
    save([cosine, sine, rotateHalf]);
    return {
      value: turn(x, cosine, sine, rotateHalf),
      // A rotation's transpose is the rotation backwards.
      gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) => {
        const [cosine, sine, rotateHalf] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
        return turn(gradient as tf.Tensor2D, cosine, tf.neg(sine), rotateHalf);
      },
    };
  });
  return operation(input) as tf.Tensor2D;
}

// All heads turn alike.
function ofWidth(table: tf.Tensor2D, width: number): tf.Tensor2D {
  return table.shape[1] === width ? table : tf.slice(table, [0, 0], [-1, width]);
}

// Swapping the halves by a product with a matrix of 0, 1 and -1 is exact, and faster than slices a few
// elements long joined again.
function turn(x: tf.Tensor2D, cosine: tf.Tensor2D, sine: tf.Tensor2D, rotateHalf: tf.Tensor2D): tf.Tensor2D {
  const [positions, width] = cosine.shape;
  const turned = tf.matMul(tf.reshape(x, [-1, rotateHalf.shape[0]]) as tf.Tensor2D, rotateHalf);
  const sequences = [-1, positions, width];
  const value = tf.add(tf.mul(tf.reshape(x, sequences), cosine), tf.mul(tf.reshape(turned, sequences), sine));
  return tf.reshape(value, x.shape);
}
