import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { createHasher } from '#platform';
import { keyedPermutation } from '../permutation.ts';

/** The document at a place of an order of 0..count-1. */
export type DocumentOrder = (place: number) => number;

/** Documents whose order is drawn into a table, of 4 MB at most; of more documents it is computed place by place. */
const MOST_IN_TABLE = 2 ** 20;

/** Documents as they are. */
export const inStoredOrder: DocumentOrder = (place) => place;

/**
 * A shuffled order of documents as a pure function of their number and a label, in at most 4 MB.
 *
 * Up to 2^20 documents every order is equally likely (Fisher and Yates, xoroshiro128+); above, it is a keyed permutation.
 */
export function shuffledOrder(count: number, label: string): DocumentOrder {
  if (count > MOST_IN_TABLE) return keyedPermutation(count, label);
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
