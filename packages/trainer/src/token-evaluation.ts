import {
  concat,
  gatherND,
  logSumExp,
  range,
  reshape,
  slice,
  stack,
  sub,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tensor2d,
  tidy,
} from '@tensorflow/tfjs-core';
import { type Evaluation, summarizeLosses, textBytesOf } from './evaluation.ts';
import type { TokenBatch } from './interfaces.ts';

/** What `evaluateTokens` needs of a language model; `LanguageModel` of `@steepest/lm-models` is one. */
export interface LogitsModel {
  /** Logits [sequences, positions, vocabularySize] of the next token at each position of int32 tokens. */
  logits(tokens: Tensor2D): Tensor3D;
}

/** An evaluation with the loss of every token. */
export interface TokenEvaluation extends Evaluation {
  /** Cross-entropy of each predicted token in nats, sequence after sequence in the order of the batches. */
  readonly tokenLosses: Float32Array;
}

/** How `evaluateTokens` works. */
export interface TokenEvaluationOptions {
  /** Sequences that the model reads at once, by which alone the numbers can round differently. Default 1. */
  readonly sequencesPerPass?: number | undefined;
  /** Awaited before every pass, to let other work run; throw in it to stop. */
  readonly betweenPasses?: (() => Promise<void>) | undefined;
}

/**
 * Evaluates a model token by token. The sequences of all batches are read in passes of `sequencesPerPass`, and their losses
 * added in their order in float64: the numbers do not depend on how sequences are grouped into batches, to the last bit.
 *
 * @throws Error when batches have sequences of different lengths or no tokens
 */
export async function evaluateTokens(
  model: LogitsModel,
  batches: readonly TokenBatch[],
  { sequencesPerPass = 1, betweenPasses }: TokenEvaluationOptions = {},
): Promise<TokenEvaluation> {
  if (!Number.isSafeInteger(sequencesPerPass) || sequencesPerPass < 1) {
    throw new Error(`sequencesPerPass must be a whole number of at least 1, got ${sequencesPerPass}`);
  }
  const sequences = rowsOf(batches);
  const positions = (sequences[0]?.length ?? 1) - 1;
  const tokenLosses = new Float32Array(sequences.length * positions);
  for (let first = 0; first < sequences.length; first += sequencesPerPass) {
    await betweenPasses?.();
    const losses = tidy(() => passLosses(model, sequences.slice(first, first + sequencesPerPass)));
    tokenLosses.set((await losses.data()) as Float32Array, first * positions);
    losses.dispose();
  }
  let sum = 0;
  for (const loss of tokenLosses) sum += loss;
  return { ...summarizeLosses(sum, tokenLosses.length, textBytesOf(batches)), tokenLosses };
}

function rowsOf(batches: readonly TokenBatch[]): Int32Array[] {
  const length = batches[0]?.sequenceLength;
  return batches.flatMap(({ tokens, batchSize, sequenceLength }, index) => {
    if (sequenceLength !== length) {
      throw new Error(
        `batches[${index}] has sequences of ${sequenceLength} tokens, the first batch of ${length}`,
      );
    }
    return Array.from({ length: batchSize }, (_, row) =>
      tokens.subarray(row * sequenceLength, (row + 1) * sequenceLength),
    );
  });
}

/** Losses of all predicted tokens of some sequences: log(sum(exp(logits))) - logit of the token. */
function passLosses(model: LogitsModel, sequences: readonly Int32Array[]): Tensor1D {
  const [count, positions] = [sequences.length, sequences[0]!.length - 1];
  const tokens = concat(
    sequences.map((sequence) => tensor2d(sequence, [1, positions + 1], 'int32')),
  ) as Tensor2D;
  const logits = model.logits(slice(tokens, [0, 0], [count, positions]));
  requireTokens(sequences, logits.shape[2]);
  const rows = reshape(logits, [count * positions, logits.shape[2]]);
  const labels = reshape(slice(tokens, [0, 1], [count, positions]), [-1]);
  const places = stack([range(0, count * positions, 1, 'int32'), labels], 1);
  return sub(logSumExp(rows, 1), gatherND(rows, places)) as Tensor1D;
}

/** Some backends check no index of a gather, and would take the logit of another token. */
function requireTokens(sequences: readonly Int32Array[], vocabularySize: number): void {
  for (const sequence of sequences) {
    const wrong = sequence.find((token) => token < 0 || token >= vocabularySize);
    if (wrong === undefined) continue;
    throw new Error(
      `token ${wrong} is outside the model's vocabulary: ids go from 0 to ${vocabularySize - 1}`,
    );
  }
}
