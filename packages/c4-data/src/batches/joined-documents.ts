import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { createHasher } from '#platform';
import { keyedPermutation } from '../permutation.ts';
import { bytesOfTokens } from '../text-bytes.ts';
import type { TokenStore } from '../tokens/token-store.ts';

/** The document at a place of an order of 0..count-1. */
export type DocumentOrder = (place: number) => number;

/** Documents whose order is drawn into a table, of 4 MB at most; of more documents it is computed place by place. */
const mostInTable = 2 ** 20;

/** Documents as they are. */
export const inStoredOrder: DocumentOrder = (place) => place;

/**
 * A shuffled order of documents as a pure function of their number and a label, in at most 4 MB.
 *
 * Up to 2^20 documents every order is equally likely (Fisher and Yates, xoroshiro128+); above, it is a keyed permutation.
 */
export function shuffledOrder(count: number, label: string): DocumentOrder {
  if (count > mostInTable) return keyedPermutation(count, label);
  const digest = createHasher('sha256').update(label).digest();
  const generator = xoroshiro128plus(new DataView(digest.buffer, digest.byteOffset).getInt32(0, true));
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = uniformInt(generator, 0, last);
    const moved = order[last]!;
    order[last] = order[other]!;
    order[other] = moved;
  }
  return (place) => order[place]!;
}

/** A place among documents joined in an order. */
export interface Place {
  /** How many documents come before the one it is in. */
  document: number;
  /** Tokens of that document before it; all of them at its end. */
  offset: number;
}

/** The documents of a store joined in an order to one stream of tokens, which is gone through from places on. */
export class JoinedDocuments {
  constructor(
    private readonly store: TokenStore,
    private readonly order: DocumentOrder,
  ) {}

  /** Tokens of the document that a place is in. */
  documentTokens({ document }: Place): number {
    return this.store.documentTokens(this.order(document));
  }

  /** Copies `count` tokens from a place on to `target` from `offset` on, and moves the place behind them. */
  read(place: Place, count: number, target: Int32Array, offset: number): void {
    this.walk(place, count, (document, from, length) => {
      this.store.copy(document, from, length, target, offset);
      offset += length;
    });
  }

  /** Moves a place over `count` tokens. */
  skip(place: Place, count: number): void {
    this.walk(place, count, () => {});
  }

  /** Copies a sequence of contextLength + 1 tokens, the last of which is the first of the next sequence: the place moves there. */
  readSequence(place: Place, contextLength: number, target: Int32Array, offset: number): void {
    this.read(place, contextLength, target, offset);
    this.read({ ...place }, 1, target, offset + contextLength);
  }

  /** Bytes of text that the targets of the sequence at a place stand for, which are all its tokens but the first. */
  targetBytes(place: Readonly<Place>, contextLength: number): number {
    const targets = { ...place };
    this.skip(targets, 1);
    let sum = 0;
    this.walk(targets, contextLength, (document, from, length) => {
      const { store } = this;
      sum += bytesOfTokens(
        store.documentTokens(document),
        store.documentBytes(document),
        from,
        from + length,
      );
    });
    return sum;
  }

  /** Calls `visit` for each part of a document in the next `count` tokens, and moves the place behind them. */
  private walk(
    place: Place,
    count: number,
    visit: (document: number, from: number, length: number) => void,
  ): void {
    for (let left = count; left > 0; ) {
      let document = this.order(place.document);
      let tokens = this.store.documentTokens(document);
      if (place.offset === tokens) {
        place.document += 1;
        if (place.document === this.store.documentCount) {
          throw new Error('the documents end before the tokens that were counted of them');
        }
        place.offset = 0;
        document = this.order(place.document);
        tokens = this.store.documentTokens(document);
      }
      const length = Math.min(left, tokens - place.offset);
      visit(document, place.offset, length);
      place.offset += length;
      left -= length;
    }
  }
}

/** Windows of contextLength + 1 tokens, contextLength apart, in a stream of `tokenCount` tokens. */
export function sequenceCount(tokenCount: number, contextLength: number): number {
  return Math.max(0, Math.floor((tokenCount - 1) / contextLength));
}
