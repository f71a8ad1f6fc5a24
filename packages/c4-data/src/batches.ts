import { createHash } from 'node:crypto';
import { type DocumentSet, PackedSequences } from './packing.ts';

/** Some sequences of tokens, row after row. */
export interface Batch {
  /** batchSize x sequenceLength ids: the first contextLength of a row are the inputs, the last the targets. */
  readonly tokens: Int32Array;
  readonly batchSize: number;
  /** contextLength + 1. */
  readonly sequenceLength: number;
}

/** Where a stream of batches stands: small JSON that `seek` takes up exactly. */
export interface DataPosition {
  readonly schemaVersion: 1;
  /** Passes over the training documents that are complete. */
  readonly epoch: number;
  /** Sequences already given in this epoch. */
  readonly sequence: number;
  /** Names the tokens, the split, the context length and the seed that give the position its meaning. */
  readonly fingerprint: string;
}

/** An endless stream of training batches. */
export interface BatchStream {
  /** The next batch. A batch may reach over the end of an epoch into the next. */
  next(): Batch;
  position(): DataPosition;
  /**
   * Goes to a position: the following batches are those that followed it, bit for bit.
   *
   * @throws if the position is malformed or was taken on other data, split, contextLength or seed
   */
  seek(position: DataPosition): void;
}

/** The settings that decide which sequences a stream gives, and in which order. */
export interface StreamOptions {
  readonly contextLength: number;
  readonly batchSize: number;
  readonly seed: number;
}

function fingerprintOf(documents: DocumentSet, { contextLength, seed }: StreamOptions): string {
  return createHash('sha256')
    .update(
      JSON.stringify([
        documents.store.hash,
        documents.lengths.length,
        documents.tokenCount,
        contextLength,
        seed,
      ]),
    )
    .digest('hex')
    .slice(0, 16);
}

/** Streams the training documents, shuffled and packed anew in each epoch from the seed and the epoch alone. */
export function createBatchStream(documents: DocumentSet, options: StreamOptions): BatchStream {
  const { contextLength, batchSize, seed } = options;
  const sequenceLength = contextLength + 1;
  const fingerprint = fingerprintOf(documents, options);
  const pack = (of: number) => new PackedSequences(documents, contextLength, `train ${seed} ${of}`);
  let epoch = 0;
  let sequence = 0;
  let packed = pack(epoch);

  return {
    next() {
      const tokens = new Int32Array(batchSize * sequenceLength);
      for (let row = 0; row < batchSize; row += 1) {
        if (sequence === packed.sequenceCount) {
          epoch += 1;
          sequence = 0;
          packed = pack(epoch);
        }
        packed.copy(sequence, tokens, row * sequenceLength);
        sequence += 1;
      }
      return { tokens, batchSize, sequenceLength };
    },
    position: () => ({ schemaVersion: 1, epoch, sequence, fingerprint }),
    seek(position) {
      if (position?.schemaVersion !== 1) {
        throw new Error(`expected a data position with schemaVersion 1, got ${JSON.stringify(position)}`);
      }
      if (position.fingerprint !== fingerprint) {
        throw new Error(
          'the data position belongs to other data: the tokens, the validation split, the contextLength or the seed ' +
            `differ (fingerprint ${position.fingerprint}, here ${fingerprint})`,
        );
      }
      const { sequenceCount } = packed;
      const valid = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
      if (!valid(position.epoch, Number.MAX_SAFE_INTEGER) || !valid(position.sequence, sequenceCount)) {
        throw new RangeError(
          `a data position needs an epoch of 0 or more and a sequence from 0 to ${sequenceCount}, ` +
            `got epoch ${position.epoch}, sequence ${position.sequence}`,
        );
      }
      if (position.epoch !== epoch) packed = pack(position.epoch);
      epoch = position.epoch;
      sequence = position.sequence;
    },
  };
}

/**
 * The first sequences of the validation documents, whose order is shuffled once and for all: the same for every
 * seed, and a sample of the whole set however few are asked for.
 *
 * @throws RangeError if there are fewer sequences than asked for
 */
export function validationBatches(
  documents: DocumentSet,
  contextLength: number,
  sequences: number,
  batchSize: number,
): Batch[] {
  const packed = new PackedSequences(documents, contextLength, 'validation');
  if (!Number.isInteger(sequences) || sequences < 1 || sequences > packed.sequenceCount) {
    throw new RangeError(
      `validation has ${packed.sequenceCount} sequences of contextLength ${contextLength}: ` +
        `sequences must be an integer from 1 to that, got ${sequences}`,
    );
  }
  const sequenceLength = contextLength + 1;
  const batches: Batch[] = [];
  for (let first = 0; first < sequences; first += batchSize) {
    const rows = Math.min(batchSize, sequences - first);
    const tokens = new Int32Array(rows * sequenceLength);
    for (let row = 0; row < rows; row += 1) packed.copy(first + row, tokens, row * sequenceLength);
    batches.push({ tokens, batchSize: rows, sequenceLength });
  }
  return batches;
}
