import { canRunKernel, embeddingGradientKernel, runKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Rows of an embedding matrix. Its gradient adds up the rows of repeated tokens.
 *
 * The gradient is a scatter, which every backend has; the one that tf.gather comes with needs
 * UnsortedSegmentSum, which stock tfjs-backend-wasm lacks, and transposes.
 *
 * @param embedding [vocabularySize, width]
 * @param tokens [count] int32, each below vocabularySize
 * @returns [count, width]
 */
export function embeddingLookup(embedding: tf.Tensor2D, tokens: tf.Tensor1D): tf.Tensor2D {
  const operation = tf.customGrad((...inputs) => {
    const [matrix, save] = inputs as [tf.Tensor2D, tf.GradSaveFunc];
    const { shape } = matrix;
    save([tokens]);
    return {
      value: tf.gather(matrix, tokens),
      gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) =>
        addedRows(gradient as tf.Tensor2D, saved[0] as tf.Tensor1D, shape),
    };
  });
  return operation(embedding) as tf.Tensor2D;
}

/** The transpose of the lookup, whose gradient is the lookup again: a matrix of `shape` with each row added at its token. */
function addedRows(rows: tf.Tensor2D, tokens: tf.Tensor1D, shape: [number, number]): tf.Tensor2D {
  const operation = tf.customGrad((...inputs) => {
    const [gradient, save] = inputs as [tf.Tensor2D, tf.GradSaveFunc];
    save([tokens]);
    return {
      value: canRunKernel(embeddingGradientKernel, { gradient, tokens })
        ? runKernel(embeddingGradientKernel, { gradient, tokens }, { vocabularySize: shape[0] }).embedding
        : tf.scatterND(tf.reshape(tokens, [-1, 1]), gradient, shape),
      gradFunc: (outer: tf.Tensor, saved: tf.Tensor[]) =>
        embeddingLookup(outer as tf.Tensor2D, saved[0] as tf.Tensor1D),
    };
  });
  return operation(rows) as tf.Tensor2D;
}
