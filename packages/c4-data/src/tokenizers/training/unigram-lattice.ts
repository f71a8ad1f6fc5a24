import { PieceTrie } from '../piece-trie.ts';
import type { ScoredPiece } from './unigram-training.ts';

const encoder = new TextEncoder();

/** log(exp(a) + exp(b)). */
function logSum(a: number, b: number): number {
  if (a === Number.NEGATIVE_INFINITY) return b;
  const [most, least] = a > b ? [a, b] : [b, a];
  return most + Math.log1p(Math.exp(least - most));
}

/** All ways to cut words into pieces of a unigram model. Every character of the words must be a piece. */
export class UnigramLattice {
  private readonly trie: PieceTrie;
  private readonly scores: Float64Array;
  /** Pieces that lie in the word at hand, by start and end. */
  private starts = new Int32Array(0);
  private ends = new Int32Array(0);
  private found = new Int32Array(0);
  private count = 0;

  constructor(pieces: readonly ScoredPiece[]) {
    this.trie = new PieceTrie(pieces.map(([piece]) => piece));
    this.scores = Float64Array.from(pieces, ([, score]) => score);
  }

  /** How often each piece is expected in the words, over all ways to cut them (forward-backward). */
  expectedCounts(words: ReadonlyMap<string, number>): Float64Array {
    const { scores } = this;
    const expected = new Float64Array(scores.length);
    for (const [word, times] of words) {
      const length = this.findPieces(encoder.encode(word));
      const forward = new Float64Array(length + 1).fill(Number.NEGATIVE_INFINITY);
      const backward = new Float64Array(length + 1).fill(Number.NEGATIVE_INFINITY);
      forward[0] = 0;
      backward[length] = 0;
      const { starts, ends, found, count } = this;
      for (let index = 0; index < count; index += 1) {
        const end = ends[index]!;
        forward[end] = logSum(forward[end]!, forward[starts[index]!]! + scores[found[index]!]!);
      }
      for (let index = count - 1; index >= 0; index -= 1) {
        const start = starts[index]!;
        backward[start] = logSum(backward[start]!, backward[ends[index]!]! + scores[found[index]!]!);
      }
      const all = forward[length]!;
      for (let index = 0; index < count; index += 1) {
        const piece = found[index]!;
        const path = forward[starts[index]!]! + scores[piece]! + backward[ends[index]!]!;
        expected[piece]! += times * Math.exp(path - all);
      }
    }
    return expected;
  }

  /** The most likely pieces of a word. @param without a piece that is not to be used */
  best(word: string, without = -1): number[] {
    const length = this.findPieces(encoder.encode(word));
    const { starts, ends, found, count, scores } = this;
    const score = new Float64Array(length + 1).fill(Number.NEGATIVE_INFINITY);
    const last = new Int32Array(length + 1);
    score[0] = 0;
    for (let index = 0; index < count; index += 1) {
      if (found[index] === without) continue;
      const end = ends[index]!;
      const sum = score[starts[index]!]! + scores[found[index]!]!;
      if (sum <= score[end]!) continue;
      score[end] = sum;
      last[end] = index;
    }
    const pieces: number[] = [];
    for (let end = length; end > 0; end = starts[last[end]!]!) pieces.push(found[last[end]!]!);
    return pieces.reverse();
  }

  /** Finds the pieces that lie in a word, in the order of their starts; gives the bytes of the word. */
  private findPieces(bytes: Uint8Array): number {
    const { base, parent, piece: pieceAt } = this.trie;
    const { length } = bytes;
    this.count = 0;
    for (let start = 0; start < length; start += 1) {
      // A piece begins with a character.
      if ((bytes[start]! & 0xc0) === 0x80) continue;
      let node = 0;
      for (let end = start; end < length; ) {
        const child = base[node]! + bytes[end]!;
        if (parent[child] !== node) break;
        node = child;
        end += 1;
        const piece = pieceAt[node]!;
        if (piece !== -1) this.add(start, end, piece);
      }
    }
    return length;
  }

  private add(start: number, end: number, piece: number): void {
    if (this.count === this.starts.length) {
      const grow = (old: Int32Array) => {
        const larger = new Int32Array(2 * old.length + 64);
        larger.set(old);
        return larger;
      };
      this.starts = grow(this.starts);
      this.ends = grow(this.ends);
      this.found = grow(this.found);
    }
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.found[this.count] = piece;
    this.count += 1;
  }
}
