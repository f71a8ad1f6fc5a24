import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model-options.ts';
import type { Batch } from '../network.ts';
import { embeddingLookup } from '../operations/embedding-lookup.ts';
import { linear } from '../operations/linear.ts';
import type { ParameterScope } from '../parameters.ts';

/** Both ends of a language model, which may share one matrix. */
export interface Embedding {
  /** From tokens [sequences, positions] int32 to their vectors [sequences * positions, modelWidth]. */
  readonly embed: (tokens: tf.Tensor2D, batch: Batch) => tf.Tensor2D;
  /** Declares the matrix of the head, unless it is the embedding's; from rows to logits [rows, vocabularySize]. */
  readonly head: () => (rows: tf.Tensor2D) => tf.Tensor2D;
}

/** The vectors of tokens, plus learned vectors of their positions where the model has these. */
export function embedding(parameters: ParameterScope, config: ModelConfig): Embedding {
  const { vocabularySize, modelWidth, contextLength } = config;
  const ofTokens = parameters.matrix('embedding/weight', 'embedding', vocabularySize, modelWidth);
  const ofPositions =
    config.positions === 'learned'
      ? parameters.matrix('positions/weight', 'embedding', contextLength, modelWidth)
      : undefined;
  return {
    embed(tokens, { sequences, positions }) {
      const rows = embeddingLookup(ofTokens.value, tf.reshape(tokens, [-1]) as tf.Tensor1D);
      if (ofPositions === undefined) return rows;
      const first = tf.slice(ofPositions.value, [0, 0], [positions, modelWidth]);
      const sum = tf.add(tf.reshape(rows, [sequences, positions, modelWidth]), first);
      return tf.reshape(sum, [-1, modelWidth]) as tf.Tensor2D;
    },
    head() {
      const weight = config.tieEmbeddings
        ? ofTokens
        : parameters.matrix('head/weight', 'lastLayer', vocabularySize, modelWidth);
      return (rows) => linear(rows, weight.value);
    },
  };
}
