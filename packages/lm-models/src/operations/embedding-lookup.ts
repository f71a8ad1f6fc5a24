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
    const isFused = canRunKernel(embeddingGradientKernel, { gradient: matrix, tokens });
    save([tokens]);
    return {
      value: tf.gather(matrix, tokens),
      gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) => {
        if (isFused) {
          const inputs = { gradient, tokens: saved[0]! };
          return runKernel(embeddingGradientKernel, inputs, { vocabularySize: shape[0] }).embedding;
        }
        return tf.scatterND(tf.reshape(saved[0]!, [-1, 1]), gradient, shape);
      },
    };
  });
  return operation(embedding) as tf.Tensor2D;
}
