import { createHash } from 'node:crypto';
import { checkInteger } from './option-checks.ts';
import { type DocumentSet, PackedDocuments } from './packing.ts';

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

/** Where a stream of batches stands: small JSON that `seek` takes up exactly. */
export interface DataPosition {
  readonly schemaVersion: 2;
  /** Passes over the training documents that are complete. */
  readonly epoch: number;
  /** The token of this epoch with which the next sequence begins, whatever the lengths of those before it. */
  readonly token: number;
  /** Names the tokens, the split and the seed that give the position its meaning. */
  readonly fingerprint: string;
}

/** A position as it was before one stream could give sequences of several lengths. */
interface SequencePosition {
  readonly schemaVersion: 1;
  readonly epoch: number;
  /** Sequences already given in this epoch. */
  readonly sequence: number;
  /** Of the context length as well. */
  readonly fingerprint: string;
}

/** An endless stream of training batches. */
export interface BatchStream {
  /**
   * The next batch. It may reach over the end of an epoch into the next.
   *
   * @param shape another contextLength and batchSize than the stream's own, for this batch. Each sequence begins with the last
   *   token of the one before it, also where their lengths differ, so that no token is left out or predicted twice
   * @throws if the shape is wrong, or longer than the training documents
   */
  next(shape?: BatchShape): Batch;
  position(): DataPosition;
  /**
   * Goes to a position: the following batches are those that followed it, bit for bit. It counts tokens, so the contextLength
   * and the batchSize may differ from those it was taken at.
   *
   * @throws if the position is malformed or was taken on other data, split or seed
   */
  seek(position: DataPosition | SequencePosition): void;
}

/** The settings that decide which sequences a stream gives, and in which order. */
export interface StreamOptions extends BatchShape {
  readonly seed: number;
}

function fingerprintOf(documents: DocumentSet, settings: readonly number[]): string {
  return createHash('sha256')
    .update(
      JSON.stringify([documents.store.hash, documents.lengths.length, documents.tokenCount, ...settings]),
    )
    .digest('hex')
    .slice(0, 16);
}

/** Streams the training documents, shuffled and packed anew in each epoch from the seed and the epoch alone. */
export function createBatchStream(documents: DocumentSet, options: StreamOptions): BatchStream {
  const { seed } = options;
  const fingerprint = fingerprintOf(documents, [seed]);
  const pack = (of: number) => new PackedDocuments(documents, `train ${seed} ${of}`);
  let epoch = 0;
  let token = 0;
  let packed = pack(epoch);

  return {
    next(shape = options) {
      const { contextLength, batchSize } = shape;
      if (shape !== options) checkShape(shape, packed.tokenCount - 1);
      const sequenceLength = contextLength + 1;
      const tokens = allocateBatch(batchSize, sequenceLength);
      // The stream moves on once the batch is whole.
      let next = { epoch, token, packed };
      for (let row = 0; row < batchSize; row += 1) {
        if (next.token + sequenceLength > next.packed.tokenCount) {
          next = { epoch: next.epoch + 1, token: 0, packed: pack(next.epoch + 1) };
        }
        next.packed.copy(next.token, sequenceLength, tokens, row * sequenceLength);
        next.token += contextLength;
      }
      ({ epoch, token, packed } = next);
      return { tokens, batchSize, sequenceLength };
    },
    position: () => ({ schemaVersion: 2, epoch, token, fingerprint }),
    seek(position) {
      const to = tokenPosition(position, documents, options);
      if (to.fingerprint !== fingerprint) throw otherData(to.fingerprint, fingerprint);
      checkPlace(to, packed.tokenCount - 1);
      if (to.epoch !== epoch) packed = pack(to.epoch);
      epoch = to.epoch;
      token = to.token;
    },
  };
}

/** @throws RangeError if there is no memory for so many tokens */
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

/** @throws RangeError if a position stands outside of every epoch */
export function checkPlace({ epoch, token }: DataPosition, lastToken: number): void {
  const valid = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
  if (valid(epoch, Number.MAX_SAFE_INTEGER) && valid(token, lastToken)) return;
  throw new RangeError(
    `a data position needs an epoch of 0 or more and a token from 0 to ${lastToken}, got epoch ${epoch}, token ${token}`,
  );
}

/** A position of any schema version as one of the present. */
function tokenPosition(
  position: DataPosition | SequencePosition,
  documents: DocumentSet,
  { contextLength, seed }: StreamOptions,
): DataPosition {
  if (position?.schemaVersion === 2) return position;
  if (position?.schemaVersion !== 1) {
    throw new Error(`expected a data position with schemaVersion 2 or 1, got ${JSON.stringify(position)}`);
  }
  const fingerprint = fingerprintOf(documents, [contextLength, seed]);
  if (position.fingerprint !== fingerprint) throw otherData(position.fingerprint, fingerprint);
  const { epoch, sequence } = position;
  const token = sequence * contextLength;
  return { schemaVersion: 2, epoch, token, fingerprint: fingerprintOf(documents, [seed]) };
}

function otherData(fingerprint: string, here: string): Error {
  return new Error(
    'the data position belongs to other data: the tokens, the validation split or the seed differ, or in a position of ' +
      `schemaVersion 1 the contextLength (fingerprint ${fingerprint}, here ${here})`,
  );
}
