import { checkInteger } from '../option-checks.ts';

/** Some sequences of tokens, row after row. */
export interface Batch {
  /** batchSize x sequenceLength ids: the first contextLength of a row are the inputs, the last the targets. */
  readonly tokens: Int32Array;
  readonly batchSize: number;
  /** contextLength + 1. */
  readonly sequenceLength: number;
  /** In validation batches, the bytes of text that the targets of each row stand for. */
  readonly textBytes?: Float64Array;
}

/** How many sequences a batch has, and how many tokens a model reads of each. */
export interface BatchShape {
  readonly contextLength: number;
  readonly batchSize: number;
}

/** @throws RangeError if there is not enough memory for the tokens */
export function allocateBatch(batchSize: number, sequenceLength: number): Int32Array<ArrayBuffer> {
  try {
    return new Int32Array(batchSize * sequenceLength);
  } catch (cause) {
    throw new RangeError(
      `a batch of ${batchSize} sequences of ${sequenceLength} tokens does not fit in memory: use a smaller batchSize`,
      { cause },
    );
  }
}

/** @throws if a shape is wrong, or its sequences are longer than the targets of an epoch */
export function checkShape({ contextLength, batchSize }: BatchShape, targets: number): void {
  checkInteger(contextLength, 'contextLength', 1);
  checkInteger(batchSize, 'batchSize', 1);
  if (contextLength <= targets) return;
  throw new RangeError(
    `a batch of contextLength ${contextLength} needs ${contextLength + 1} tokens for one sequence, ` +
      `but the training documents have ${targets + 1}`,
  );
}
