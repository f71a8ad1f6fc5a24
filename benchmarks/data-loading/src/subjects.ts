import { openTextData } from '@steepest/c4-data';

/** The shape of the batches to make. */
export interface Shape {
  readonly contextLength: number;
  readonly batchSize: number;
}

/** A way to get batches of tokens. */
export interface Subject {
  readonly name: string;
  /** Makes the next batch. */
  next(): void;
  close(): void;
}

/** Batches of prepared shards, through the package. */
export async function fromShards(directory: string, shape: Shape, shuffle: boolean): Promise<Subject> {
  const { train, close } = await openTextData({
    source: { type: 'prepared', directory },
    ...shape,
    seed: 1,
    shuffle,
  });
  return { name: shuffle ? 'shards, shuffled' : 'shards, in order', next: () => void train.next(), close };
}

/**
 * The least that a batch costs where all tokens lie in memory already: its bytes, copied from random places of an array
 * larger than the processor's caches to a fresh batch.
 */
export function fromMemory(source: Int32Array | Uint16Array, { contextLength, batchSize }: Shape): Subject {
  const sequenceLength = contextLength + 1;
  const places = Math.floor((source.length - 1) / contextLength);
  let state = 1;
  const next = () => {
    const tokens = new Int32Array(batchSize * sequenceLength);
    for (let row = 0; row < batchSize; row += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const first = (state % places) * contextLength;
      tokens.set(source.subarray(first, first + sequenceLength), row * sequenceLength);
    }
  };
  const name = source.BYTES_PER_ELEMENT === 4 ? 'memory, 32-bit ids' : 'memory, 16-bit ids';
  return { name, next, close() {} };
}
