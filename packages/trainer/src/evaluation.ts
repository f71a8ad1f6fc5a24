import { tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { TokenBatch, TrainableModel } from './interfaces.ts';

/**
 * Steps at which to evaluate, evenly spaced on a logarithmic scale as in the study of Zhao et al. 2024 (arXiv
 * 2407.07972): step 0, then about `count - 1` steps from `steps / 256` to `steps`, each a constant factor after
 * the one before.
 *
 * @param steps steps of the whole run, at least 1
 * @param count number of points, at least 2; fewer come back when the run is too short for so many
 * @returns ascending steps, the first 0 and the last `steps`
 */
export function logSpacedSteps(steps: number, count = 10): number[] {
  if (!Number.isSafeInteger(steps) || steps < 1) {
    throw new Error(`steps must be a whole number of at least 1, got ${steps}`);
  }
  if (!Number.isSafeInteger(count) || count < 2) {
    throw new Error(`count must be a whole number of at least 2, got ${count}`);
  }
  const first = Math.max(1, steps / 256);
  const points = new Set([0, steps]);
  for (let i = 0; i < count - 2; i++) {
    points.add(Math.round(first * (steps / first) ** (i / (count - 2))));
  }
  return [...points].sort((a, b) => a - b);
}

/** How well a model predicts the tokens of some batches. */
export interface Evaluation {
  /** Mean cross-entropy in nats a predicted token, `</s>` included. */
  readonly loss: number;
  /** exp(loss). */
  readonly perplexity: number;
  /**
   * Bits to code the predicted tokens, `</s>` included, by bytes of the text they stand for: comparable between
   * tokenizers. `null` where a batch has no `textBytes`.
   */
  readonly bitsPerByte: number | null;
  /** Predicted tokens: all but the first of each sequence. */
  readonly tokens: number;
  /** Bytes of text that they stand for; `null` where a batch does not say. */
  readonly textBytes: number | null;
}

/**
 * Evaluates a model as `train` does, by the loss of whole batches: every token counts the same, so that the loss does not
 * depend on how sequences are grouped into batches beyond float32 rounding. `evaluateTokens` does not depend on it at all.
 *
 * @param betweenBatches awaited before every batch, to let other work run; throw in it to stop
 */
export async function evaluate(
  model: Pick<TrainableModel, 'loss'>,
  batches: readonly TokenBatch[],
  betweenBatches?: () => Promise<void>,
): Promise<Evaluation> {
  let sum = 0;
  let tokens = 0;
  for (const batch of batches) {
    await betweenBatches?.();
    const crossEntropy = tidy(
      () => model.loss(tensor2d(batch.tokens, [batch.batchSize, batch.sequenceLength], 'int32')).crossEntropy,
    );
    const [loss] = await crossEntropy.data();
    crossEntropy.dispose();
    const predicted = predictedTokens(batch);
    sum += loss! * predicted;
    tokens += predicted;
  }
  return summarizeLosses(sum, tokens, textBytesOf(batches));
}

/** Tokens of a batch that a model predicts: all but the first of each sequence. */
export function predictedTokens({ batchSize, sequenceLength }: TokenBatch): number {
  return batchSize * (sequenceLength - 1);
}

/** @param sum of the losses of all predicted tokens, in nats */
export function summarizeLosses(sum: number, tokens: number, textBytes: number | null): Evaluation {
  if (tokens === 0) throw new Error('cannot evaluate: the validation batches hold no tokens');
  const loss = sum / tokens;
  // A slice of </s> alone stands for no text.
  const bitsPerByte = textBytes === null || textBytes === 0 ? null : (loss * tokens) / Math.LN2 / textBytes;
  return { loss, perplexity: Math.exp(loss), bitsPerByte, tokens, textBytes };
}

/** Bytes of text of all rows, added row by row however they are grouped; `null` where a batch does not say. */
export function textBytesOf(batches: readonly TokenBatch[]): number | null {
  let sum = 0;
  for (const { textBytes } of batches) {
    if (textBytes === undefined) return null;
    for (const bytes of textBytes) sum += bytes;
  }
  return sum;
}
