import type { TokenStore } from '../tokens/token-store.ts';
import { allocateBatch, type Batch, type BatchShape, checkShape } from './batch.ts';
import { type DataPosition, fingerprintOf, readPosition, type SavedPosition } from './data-position.ts';
import { inStoredOrder, JoinedDocuments, type Place, shuffledOrder } from './joined-documents.ts';

/** An endless stream of training batches. */
export interface BatchStream {
  /**
   * The next batch. It may reach over the end of an epoch into the next.
   *
   * @param shape another contextLength and batchSize than the stream's own, for this batch. Each sequence begins with the last
   *   token of the one before it, also where their lengths differ, so that no token is left out or predicted twice
   * @throws if the shape is wrong, or longer than the training documents, or tokens cannot be read: the stream does not move then
   */
  next(shape?: BatchShape): Batch;
  position(): DataPosition;
  /**
   * Goes to a position: the following batches are those that followed it, bit for bit. The contextLength and the batchSize may
   * differ from those it was taken at.
   *
   * @throws if the position is malformed or was taken on other data, split or seed
   */
  seek(position: SavedPosition): void;
}

/** One of several processes that train on the same data side by side. */
export interface DataWorker {
  /** From 0 to count - 1. */
  readonly index: number;
  readonly count: number;
}

/** The settings that decide which sequences a stream gives, and in which order. */
export interface StreamOptions extends BatchShape {
  readonly seed: number;
  /** Whether the documents have a new order in each epoch, or that of the store. */
  readonly shuffle: boolean;
  readonly worker: DataWorker;
}

interface StreamPlace extends Place {
  readonly epoch: number;
  /** Tokens of the epoch before this place. */
  token: number;
  readonly joined: JoinedDocuments;
}

/**
 * Streams the documents of a store: those of each epoch in an order that the seed and the epoch alone decide, joined, and cut into
 * sequences of contextLength + 1 tokens, contextLength apart.
 *
 * The rows of all workers' batches, taken in turn, are those of one stream: `count` workers with batches of n sequences see
 * together what one worker sees in batches of count * n.
 */
export function createBatchStream(store: TokenStore, options: StreamOptions): BatchStream {
  const { seed, shuffle, worker } = options;
  const settings = shuffle ? [seed] : [];
  const fingerprint = fingerprintOf(store, settings);
  const join = (epoch: number) =>
    new JoinedDocuments(
      store,
      shuffle ? shuffledOrder(store.documentCount, `train ${seed} ${epoch}`) : inStoredOrder,
    );
  const start = (epoch: number): StreamPlace => ({
    epoch,
    token: 0,
    document: 0,
    offset: 0,
    joined: join(epoch),
  });
  let current = start(0);

  return {
    next(shape = options) {
      const { contextLength, batchSize } = shape;
      if (shape !== options) checkShape(shape, store.tokenCount - 1);
      const sequenceLength = contextLength + 1;
      const tokens = allocateBatch(batchSize, sequenceLength);
      // The stream moves on once the batch is whole: reading may fail.
      let next = { ...current };
      for (let row = 0; row < batchSize * worker.count; row += 1) {
        if (next.token + sequenceLength > store.tokenCount) next = start(next.epoch + 1);
        if (row % worker.count === worker.index) {
          const offset = Math.floor(row / worker.count) * sequenceLength;
          next.joined.readSequence(next, contextLength, tokens, offset);
        } else next.joined.skip(next, contextLength);
        next.token += contextLength;
      }
      current = next;
      return { tokens, batchSize, sequenceLength };
    },
    position() {
      const { epoch, token, document, offset } = current;
      return { schemaVersion: 3, epoch, token, document, offset, fingerprint };
    },
    seek(position) {
      const { epoch, token, place } = readPosition(position, store, settings, options.contextLength);
      const to = epoch === current.epoch ? { ...current, document: 0, offset: 0 } : start(epoch);
      if (place === undefined) to.joined.skip(to, token);
      else if (place.offset <= to.joined.documentTokens(place)) Object.assign(to, place);
      else throw new RangeError(`a data position has the offset ${place.offset}, behind its document`);
      to.token = token;
      current = to;
    },
  };
}
