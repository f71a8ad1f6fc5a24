/** Shape of a decoder: everything that fixes how many parameters it has and how long its input may be. */
export interface ModelShape {
  /** Length of a token's vector, d. */
  readonly modelWidth: number;
  readonly layers: number;
  /** Attention heads; each is `modelWidth / heads` wide. */
  readonly heads: number;
  /** Width of the hidden layer of each block's MLP. */
  readonly mlpWidth: number;
  readonly vocabularySize: number;
  /** Longest sequence the model reads, in tokens. */
  readonly contextLength: number;
}

// T5's 32,100 pieces padded to a multiple of 128, as in the paper.
const t5Vocabulary = 32_128;
// The vocabulary of the tokenizer that comes with @steepest/c4-data.
const embeddedVocabulary = 4_096;

/**
 * Named sizes. `150m` to `1.2b` are those of Zhao et al. (2024), "Deconstructing What Makes a Good Optimizer
 * for Language Models", arXiv 2407.07972: heads 64 wide, MLP ratio 4, context 512, T5's vocabulary. The
 * smaller ones keep the architecture and shrink it: a step of `nano` over 1,024 tokens costs a few GFLOP.
 */
export const modelSizes = {
  nano: shape(64, 2, 4, embeddedVocabulary, 128),
  tiny: shape(96, 3, 4, embeddedVocabulary, 128),
  micro: shape(128, 4, 4, embeddedVocabulary, 256),
  mini: shape(256, 6, 4, embeddedVocabulary, 256),
  small: shape(512, 8, 8, t5Vocabulary, 512),
  '150m': shape(1024, 12, 16, t5Vocabulary, 512),
  '300m': shape(1024, 24, 16, t5Vocabulary, 512),
  '600m': shape(1408, 24, 22, t5Vocabulary, 512),
  '1.2b': shape(2048, 24, 32, t5Vocabulary, 512),
} as const satisfies Record<string, ModelShape>;

/** Name of a size in {@link modelSizes}. */
export type ModelSize = keyof typeof modelSizes;

function shape(
  modelWidth: number,
  layers: number,
  heads: number,
  vocabularySize: number,
  contextLength: number,
): ModelShape {
  return { modelWidth, layers, heads, mlpWidth: 4 * modelWidth, vocabularySize, contextLength };
}
