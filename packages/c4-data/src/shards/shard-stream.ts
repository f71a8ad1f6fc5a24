import { createHash } from 'node:crypto';
import { allocateBatch, type BatchShape, type BatchStream, checkPlace, checkShape } from '../batches.ts';
import { sequenceCount } from '../packing.ts';
import { keyedPermutation } from './permutation.ts';
import type { TokenWindows } from './token-windows.ts';

/** One of some processes that train on the same data side by side. */
export interface DataWorker {
  /** From 0 to count - 1. */
  readonly index: number;
  readonly count: number;
}

/** What decides which sequences a stream gives, and in which order. */
export interface ShardStreamOptions extends BatchShape {
  readonly seed: number;
  readonly shuffle: boolean;
  readonly worker: DataWorker;
}

/**
 * Streams the sequences of token shards, those of each epoch in an order computed from the seed and the epoch alone.
 *
 * The tokens are cut into sequences of contextLength + 1 tokens, contextLength apart; an epoch joins their targets in its
 * order. A batch of the stream's own contextLength thus holds whole sequences. One of a shorter context cuts them further,
 * one of a longer joins several, and every target comes once in an epoch whatever the shapes.
 *
 * The rows of all workers' batches, taken in turn, are those of one stream: `count` workers with batches of n sequences see
 * together what one worker sees in batches of count * n.
 *
 * @param identity names the tokens
 */
export function createShardStream(
  windows: TokenWindows,
  identity: string,
  options: ShardStreamOptions,
): BatchStream {
  const { contextLength: span, seed, shuffle, worker } = options;
  const spans = sequenceCount(windows.tokenCount, span);
  const targets = spans * span;
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([identity, shuffle ? [span, seed] : [span]]))
    .digest('hex')
    .slice(0, 16);
  const inOrder = (index: number) => index;
  const orderOf = (of: number) =>
    shuffle ? keyedPermutation(spans, `${identity} ${span} ${seed} ${of}`) : inOrder;
  let epoch = 0;
  /** Targets of this epoch that all workers have had. */
  let token = 0;
  let order = orderOf(epoch);

  /** Copies the targets of the epoch from `first` on, after the token that stands before the first of them. */
  const copySequence = (
    first: number,
    length: number,
    orderOfEpoch: (index: number) => number,
    rows: Int32Array,
    offset: number,
  ): void => {
    let place = Math.floor(first / span);
    let within = first - place * span;
    let before = 1;
    for (let left = length; left > 0; place += 1) {
      const count = Math.min(left, span - within);
      windows.copy(orderOfEpoch(place) * span + within + 1 - before, count + before, rows, offset);
      offset += count + before;
      left -= count;
      before = 0;
      within = 0;
    }
  };

  return {
    next(shape = options) {
      const { contextLength, batchSize } = shape;
      if (shape !== options) checkShape(shape, targets);
      const sequenceLength = contextLength + 1;
      const tokens = allocateBatch(batchSize, sequenceLength);
      // The stream moves on once the batch is whole: reading may fail.
      let next = { epoch, token, order };
      for (let row = 0; row < batchSize * worker.count; row += 1) {
        if (next.token + contextLength > targets) {
          next = { epoch: next.epoch + 1, token: 0, order: orderOf(next.epoch + 1) };
        }
        if (row % worker.count === worker.index) {
          const offset = Math.floor(row / worker.count) * sequenceLength;
          copySequence(next.token, contextLength, next.order, tokens, offset);
        }
        next.token += contextLength;
      }
      ({ epoch, token, order } = next);
      return { tokens, batchSize, sequenceLength };
    },
    position: () => ({ schemaVersion: 2, epoch, token, fingerprint }),
    seek(position) {
      if (position?.schemaVersion !== 2) {
        throw new Error(`expected a data position with schemaVersion 2, got ${JSON.stringify(position)}`);
      }
      if (position.fingerprint !== fingerprint) {
        throw new Error(
          'the data position belongs to other data: the tokens, the contextLength or the seed differ ' +
            `(fingerprint ${position.fingerprint}, here ${fingerprint})`,
        );
      }
      checkPlace(position, targets);
      epoch = position.epoch;
      token = position.token;
      order = orderOf(epoch);
    },
  };
}
