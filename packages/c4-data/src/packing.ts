import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { bytesOfTokens } from './text-bytes.ts';
import type { TokenStore } from './token-store.ts';
import type { ValidationSequences } from './validation-batches.ts';

/** Some documents of a store: one side of the split. */
export interface DocumentSet {
  readonly store: TokenStore;
  /** First token of each document in the store. */
  readonly starts: Float64Array;
  /** Tokens of each document, its `</s>` included. */
  readonly lengths: Float64Array;
  /** UTF-8 bytes of the text of each document. */
  readonly bytes: Float64Array;
  readonly tokenCount: number;
}

/** The documents of a store whose index the predicate accepts, in the store's order. */
export function selectDocuments(store: TokenStore, accept: (index: number) => boolean): DocumentSet {
  const starts: number[] = [];
  const lengths: number[] = [];
  const bytes: number[] = [];
  let position = 0;
  let tokenCount = 0;
  store.documentLengths.forEach((length, index) => {
    if (accept(index)) {
      starts.push(position);
      lengths.push(length);
      bytes.push(store.documentBytes[index]!);
      tokenCount += length;
    }
    position += length;
  });
  const numbers = (list: readonly number[]) => Float64Array.from(list);
  return { store, starts: numbers(starts), lengths: numbers(lengths), bytes: numbers(bytes), tokenCount };
}

/**
 * Whether document `index` is for validation: every (1/fraction)-th one, the last of each run.
 *
 * 0.1 takes the indices 9, 19, 29, ...
 */
export function isValidationDocument(index: number, fraction: number): boolean {
  return Math.floor((index + 1) * fraction + 1e-9) > Math.floor(index * fraction + 1e-9);
}

/** A permutation of 0..count-1 as a pure function of the label (Fisher and Yates, xoroshiro128+). */
function shuffledOrder(count: number, label: string): Uint32Array {
  const generator = xoroshiro128plus(createHash('sha256').update(label).digest().readInt32LE(0));
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = uniformInt(generator, 0, last);
    const moved = order[last]!;
    order[last] = order[other]!;
    order[other] = moved;
  }
  return order;
}

/** The shuffled documents joined to one stream of tokens, of which any window can be read. */
export class PackedDocuments {
  readonly tokenCount: number;
  private readonly order: Uint32Array;
  /** Where each document, in shuffled order, ends in the stream. */
  private readonly ends: Float64Array;

  constructor(
    private readonly documents: DocumentSet,
    label: string,
  ) {
    this.tokenCount = documents.tokenCount;
    this.order = shuffledOrder(documents.lengths.length, label);
    this.ends = new Float64Array(this.order.length);
    let end = 0;
    this.order.forEach((document, place) => {
      end += documents.lengths[document]!;
      this.ends[place] = end;
    });
  }

  /** Copies `count` tokens of the stream, from token `first` on, to `target` from `offset` on. */
  copy(first: number, count: number, target: Int32Array, offset: number): void {
    const { store, starts, lengths } = this.documents;
    let position = first;
    const last = position + count;
    for (let place = this.placeOf(position); position < last; place += 1) {
      const document = this.order[place]!;
      const end = this.ends[place]!;
      const from = starts[document]! + lengths[document]! - (end - position);
      const length = Math.min(end, last) - position;
      target.set(store.tokens.subarray(from, from + length), offset);
      offset += length;
      position += length;
    }
  }

  /** Bytes of text that `count` tokens of the stream stand for, from token `first` on. */
  textBytes(first: number, count: number): number {
    const { lengths, bytes } = this.documents;
    const last = first + count;
    let sum = 0;
    for (let place = this.placeOf(first); place < this.order.length; place += 1) {
      const document = this.order[place]!;
      const end = this.ends[place]!;
      const start = end - lengths[document]!;
      if (start >= last) break;
      const from = Math.max(0, first - start);
      sum += bytesOfTokens(lengths[document]!, bytes[document]!, from, Math.min(end, last) - start);
    }
    return sum;
  }

  /** The place of the document that holds a position of the stream. */
  private placeOf(position: number): number {
    let low = 0;
    let high = this.ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle]! > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Windows of contextLength + 1 tokens, contextLength apart, in a stream of `tokenCount` tokens. */
export function sequenceCount(tokenCount: number, contextLength: number): number {
  return Math.max(0, Math.floor((tokenCount - 1) / contextLength));
}

/** Validation sequences of documents whose order is shuffled once and for all: a sample of all of them however few are read. */
export function validationSequences(documents: DocumentSet, contextLength: number): ValidationSequences {
  const packed = new PackedDocuments(documents, 'validation');
  return {
    contextLength,
    count: sequenceCount(packed.tokenCount, contextLength),
    copy: (sequence, target, offset) =>
      packed.copy(sequence * contextLength, contextLength + 1, target, offset),
    textBytes: (sequence) => packed.textBytes(sequence * contextLength + 1, contextLength),
  };
}
