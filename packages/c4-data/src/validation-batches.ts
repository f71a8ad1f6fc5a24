import { allocateBatch, type Batch } from './batches.ts';

/** Validation sequences in an order that is fixed once and for all. */
export interface ValidationSequences {
  readonly contextLength: number;
  readonly count: number;
  /** Copies a sequence of contextLength + 1 tokens to `target` from `offset` on. */
  copy(sequence: number, target: Int32Array, offset: number): void;
  /** Bytes of text that the last contextLength tokens of a sequence stand for. */
  textBytes(sequence: number): number;
}

/**
 * The first validation sequences, in batches: a larger number begins with a smaller one's.
 *
 * @throws RangeError if there are fewer sequences than asked for
 */
export function validationBatches(from: ValidationSequences, sequences: number, batchSize: number): Batch[] {
  const { contextLength, count } = from;
  if (!Number.isInteger(sequences) || sequences < 1 || sequences > count) {
    throw new RangeError(
      `validation has ${count} sequences of contextLength ${contextLength}: ` +
        `sequences must be an integer from 1 to that, got ${sequences}`,
    );
  }
  const sequenceLength = contextLength + 1;
  const batches: Batch[] = [];
  for (let first = 0; first < sequences; first += batchSize) {
    const rows = Math.min(batchSize, sequences - first);
    const tokens = allocateBatch(rows, sequenceLength);
    const textBytes = new Float64Array(rows);
    for (let row = 0; row < rows; row += 1) {
      from.copy(first + row, tokens, row * sequenceLength);
      textBytes[row] = from.textBytes(first + row);
    }
    batches.push({ tokens, batchSize: rows, sequenceLength, textBytes });
  }
  return batches;
}
