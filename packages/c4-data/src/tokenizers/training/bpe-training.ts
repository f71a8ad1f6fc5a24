import { pairKey } from '../bpe-model.ts';
import { BYTE_CHARACTERS } from '../byte-level.ts';
import { Heap } from '../heap.ts';

/** Pieces in order of their ids, and the merges in the order they were learned. */
export interface LearnedMerges {
  readonly pieces: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

interface Pair {
  readonly left: number;
  readonly right: number;
  /** As often as it was counted when it was put in order. */
  readonly count: number;
  /** Words that may hold it. */
  readonly words: ReadonlySet<number>;
}

const before = (a: Pair, b: Pair): boolean =>
  a.count > b.count || (a.count === b.count && (a.left < b.left || (a.left === b.left && a.right < b.right)));

/** A word as ids that merge, with the number of times it occurs. */
interface Word {
  ids: number[];
  readonly count: number;
}

type Change = (left: number, right: number, by: 1 | -1) => void;

/** Merges a pair in a word, from the left, and tells how the counts of other pairs change. */
function mergeIn(word: Word, left: number, right: number, merged: number, change: Change): void {
  const old = word.ids;
  const ids: number[] = [];
  for (let at = 0; at < old.length; at += 1) {
    if (old[at] !== left || old[at + 1] !== right) {
      ids.push(old[at]!);
      continue;
    }
    const previous = ids.at(-1);
    if (previous !== undefined) {
      change(previous, left, -1);
      change(previous, merged, 1);
    }
    const next = old[at + 2];
    if (next !== undefined) {
      change(right, next, -1);
      change(merged, next, 1);
    }
    ids.push(merged);
    at += 1;
  }
  word.ids = ids;
}

/**
 * Learns byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909, algorithm 1): the pair of neighbors that is most frequent in
 * the words becomes a piece, again and again. Of pairs as frequent, the one with the lower ids comes first, as in the `tokenizers`
 * library.
 *
 * @param counts words, as the characters of their bytes, with the number of times they occur
 * @param special pieces that come first and never merge
 * @param size pieces to learn at most, the special ones and the 256 bytes included
 */
export function learnMerges(
  counts: ReadonlyMap<string, number>,
  special: readonly string[],
  size: number,
): LearnedMerges {
  const pieces = [...special, ...[...BYTE_CHARACTERS].sort((a, b) => a.charCodeAt(0) - b.charCodeAt(0))];
  const idOf = new Map(pieces.map((piece, id) => [piece, id]));
  const words: Word[] = [];
  for (const [word, count] of counts) words.push({ ids: Array.from(word, (byte) => idOf.get(byte)!), count });

  const pairCounts = new Map<number, number>();
  const add = (key: number, by: number) => pairCounts.set(key, (pairCounts.get(key) ?? 0) + by);
  let found = new Map<number, { left: number; right: number; words: Set<number> }>();
  const find = (left: number, right: number, word: number) => {
    const key = pairKey(left, right);
    const known = found.get(key);
    if (known === undefined) found.set(key, { left, right, words: new Set([word]) });
    else known.words.add(word);
  };
  const queue = new Heap<Pair>(before);
  const enqueueFound = () => {
    for (const [key, pair] of found) {
      const count = pairCounts.get(key)!;
      if (count > 0) queue.push({ ...pair, count });
    }
    found = new Map();
  };
  for (const [index, { ids, count }] of words.entries()) {
    for (let at = 0; at + 1 < ids.length; at += 1) {
      add(pairKey(ids[at]!, ids[at + 1]!), count);
      find(ids[at]!, ids[at + 1]!, index);
    }
  }
  enqueueFound();

  const merges: [string, string][] = [];
  while (pieces.length < size) {
    const pair = queue.pop();
    if (pair === undefined) break;
    const { left, right } = pair;
    const current = pairCounts.get(pairKey(left, right))!;
    if (current !== pair.count) {
      if (current > 0) queue.push({ ...pair, count: current });
      continue;
    }
    const piece = pieces[left]! + pieces[right]!;
    let merged = idOf.get(piece);
    if (merged === undefined) {
      merged = pieces.length;
      pieces.push(piece);
      idOf.set(piece, merged);
    }
    merges.push([pieces[left]!, pieces[right]!]);
    for (const index of pair.words) {
      const word = words[index]!;
      mergeIn(word, left, right, merged, (a, b, by) => {
        add(pairKey(a, b), by * word.count);
        if (by > 0) find(a, b, index);
      });
    }
    enqueueFound();
  }
  return { pieces, merges };
}
