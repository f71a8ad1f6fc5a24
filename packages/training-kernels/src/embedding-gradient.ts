import { util } from '@tensorflow/tfjs-core';
import { declareKernel } from './declare-kernel.ts';

/** Attributes of {@link embeddingGradientKernel}. */
export interface EmbeddingGradientAttributes {
  /** Rows of the embedding. */
  readonly vocabularySize: number;
}

/**
 * The gradient of an embedding matrix [vocabularySize, width] from that of the rows which were looked up: row t is the
 * sum of the rows of `gradient` [count, width] whose token in `tokens` [count] is t. Tokens outside the vocabulary are
 * ignored: looking them up has failed before.
 */
export const embeddingGradientKernel = declareKernel({
  name: 'SteepestEmbeddingGradient',
  inputs: { gradient: 'float32', tokens: 'int32' },
  outputs: ['embedding'],
  shapes: ({ gradient }, { vocabularySize }: EmbeddingGradientAttributes) => {
    util.assert(
      gradient.length === 2 && Number.isInteger(vocabularySize) && vocabularySize >= 0,
      () =>
        `SteepestEmbeddingGradient: gradient must be [count, width], got [${gradient}], and vocabularySize a whole ` +
        `number, got ${vocabularySize}.`,
    );
    return { gradient, tokens: [gradient[0]!] };
  },
});
