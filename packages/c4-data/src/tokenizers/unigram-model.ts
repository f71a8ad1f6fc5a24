import { characterBytes } from './character-map.ts';
import { PieceTrie } from './piece-trie.ts';
import type { TokenSink } from './token-sink.ts';

/** How much less likely an unknown character is than the least likely piece, in natural logarithms. */
const unknownPenalty = 10;

/**
 * A score as the Rust library has it: its reader of JSON rounds twice, first the digits as an integer, then its quotient by a power
 * of ten, which is one unit in the last place off for one score in four of T5's. Only equal sums show it.
 */
function asRustReads(score: number): number {
  const [, sign, whole, fraction] = /^(-?)(\d+)\.(\d+)$/.exec(String(score)) ?? [];
  if (whole === undefined || fraction === undefined || fraction.length > 22) return score;
  const magnitude = Number(whole + fraction) / 10 ** fraction.length;
  return sign === '-' ? -magnitude : magnitude;
}

/**
 * A unigram model: of all ways to cut a word into pieces it takes the one with the highest sum of log probabilities (Kudo
 * 2018, arXiv:1804.10959, section 3.2), found by Viterbi's algorithm.
 *
 * Of equal sums the one whose last piece starts earliest wins, and unknown characters in a row give one `<unk>`, both as in the
 * Rust library, in the same float64 arithmetic.
 */
export class UnigramModel {
  private readonly trie: PieceTrie;
  private readonly scores: Float64Array;
  private readonly unknownScore: number;
  private bestScore = new Float64Array(256);
  private bestStart = new Int32Array(256);
  private bestPiece = new Int32Array(256);

  constructor(
    vocabulary: readonly (readonly [string, number])[],
    private readonly unknown: number,
  ) {
    this.trie = new PieceTrie(vocabulary.map(([piece]) => piece));
    this.scores = Float64Array.from(vocabulary, ([, score]) => asRustReads(score));
    this.unknownScore = this.scores.reduce((least, score) => Math.min(least, score)) - unknownPenalty;
  }

  /** Appends the ids of the word bytes[0, length) to the sink. */
  encode(bytes: Uint8Array, length: number, sink: TokenSink): void {
    if (length >= this.bestStart.length) {
      this.bestScore = new Float64Array(2 * length);
      this.bestStart = new Int32Array(2 * length);
      this.bestPiece = new Int32Array(2 * length);
    }
    this.search(bytes, length);
    sink.reserve(length);
    const { bestStart, bestPiece, unknown } = this;
    const { tokens } = sink;
    const first = sink.length;
    let last = first;
    let following = -1;
    for (let end = length; end > 0; end = bestStart[end]!) {
      const piece = bestPiece[end]!;
      if (piece !== unknown || following !== unknown) tokens[last++] = piece;
      following = piece;
    }
    sink.length = last;
    for (let left = first, right = last - 1; left < right; left += 1, right -= 1) {
      const piece = tokens[left]!;
      tokens[left] = tokens[right]!;
      tokens[right] = piece;
    }
  }

  /** Finds for each end the best last piece of the bytes before it. */
  private search(bytes: Uint8Array, length: number): void {
    const { scores, bestScore, bestStart, bestPiece, unknown } = this;
    const { base, parent, piece: pieceAt } = this.trie;
    for (let end = 0; end <= length; end += 1) bestScore[end] = Number.NEGATIVE_INFINITY;
    bestScore[0] = 0;
    for (let start = 0; start < length; ) {
      const soFar = bestScore[start]!;
      const nextCharacter = start + characterBytes(bytes[start]!);
      let known = false;
      let node = 0;
      for (let end = start; end < length; ) {
        const child = base[node]! + bytes[end]!;
        if (parent[child] !== node) break;
        node = child;
        end += 1;
        const piece = pieceAt[node]!;
        if (piece === -1) continue;
        const score = scores[piece]! + soFar;
        if (score > bestScore[end]!) {
          bestScore[end] = score;
          bestStart[end] = start;
          bestPiece[end] = piece;
        }
        if (end === nextCharacter) known = true;
      }
      const unknownScore = this.unknownScore + soFar;
      if (!known && unknownScore > bestScore[nextCharacter]!) {
        bestScore[nextCharacter] = unknownScore;
        bestStart[nextCharacter] = start;
        bestPiece[nextCharacter] = unknown;
      }
      start = nextCharacter;
    }
  }
}
