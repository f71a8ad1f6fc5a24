import { UnigramLattice } from './unigram-lattice.ts';

/** Pieces are at most this many characters long. */
const LONGEST_PIECE = 16;
/** Words whose parts are counted, the most frequent ones: a bound on memory. */
const MOST_SEED_WORDS = 200_000;
/** Pieces to begin with; the more, the less depends on how they were chosen. */
const MOST_SEEDS = 1_000_000;
/** Rounds of expectation and maximization between two prunings. */
const ROUNDS = 2;
/** Share of the pieces that a pruning keeps. */
const KEPT_SHARE = 0.75;
/** Pieces are pruned to so many times the size; the last choice is by their score. */
const SPARE = 1.1;
/** Pieces that are expected less often than this are dropped. */
const LEAST_EXPECTED = 0.5;

/** A piece with its log probability. */
export type ScoredPiece = readonly [piece: string, score: number];

/** Log probability of a character that the text lacks, below that of every piece. */
const UNSEEN_PENALTY = 1;

/**
 * Pieces to begin with: all characters, and the parts of words of up to 16 characters that occur twice or more, those first that
 * cover most of the text.
 */
function seedPieces(words: ReadonlyMap<string, number>): ScoredPiece[] {
  const characters = new Map<string, number>();
  const parts = new Map<string, number>();
  for (const [word, count] of words) {
    for (const character of word) characters.set(character, (characters.get(character) ?? 0) + count);
  }
  const frequent = [...words].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, MOST_SEED_WORDS);
  for (const [word, count] of frequent) {
    const symbols = Array.from(word);
    for (let start = 0; start < symbols.length; start += 1) {
      let part = symbols[start]!;
      for (let end = start + 1; end < symbols.length && end - start < LONGEST_PIECE; end += 1) {
        part += symbols[end]!;
        parts.set(part, (parts.get(part) ?? 0) + count);
      }
    }
  }
  const covered = (piece: string, count: number) => count * Array.from(piece).length;
  const longer = [...parts]
    .filter(([, count]) => count >= 2)
    .map(([piece, count]): [string, number] => [piece, covered(piece, count)])
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, MOST_SEEDS);
  const seeds = [...characters, ...longer];
  const total = Math.log(seeds.reduce((sum, [, weight]) => sum + weight, 0));
  return seeds.map(([piece, weight]) => [piece, Math.log(weight) - total]);
}

/** The digamma function, by its recurrence and asymptotic series (Abramowitz and Stegun 6.3.5 and 6.3.18). */
export function digamma(x: number): number {
  let result = 0;
  for (; x < 12; x += 1) result -= 1 / x;
  x -= 0.5;
  const xx = 1 / (x * x);
  return result + Math.log(x) + (1 / 24 - (7 / 960 - (31 / 8064 - (127 / 30_720) * xx) * xx) * xx) * xx;
}

/**
 * Maximization as in variational Bayes, which favors few pieces (Liang and Klein 2007): exp(digamma(n)) stands for a count of n.
 * Pieces that are hardly expected are dropped.
 */
function maximize(pieces: readonly ScoredPiece[], expected: Float64Array): ScoredPiece[] {
  const kept = pieces
    .map(([piece], index): [string, number] => [piece, expected[index]!])
    .filter(([piece, count]) => count >= LEAST_EXPECTED || isCharacter(piece));
  const total = digamma(kept.reduce((sum, [, count]) => sum + Math.max(count, LEAST_EXPECTED), 0));
  return kept.map(([piece, count]) => [piece, digamma(Math.max(count, LEAST_EXPECTED)) - total]);
}

function isCharacter(piece: string): boolean {
  return piece.length === 1 || (piece.length === 2 && piece.codePointAt(0)! > 0xffff);
}

/**
 * Drops the pieces whose loss costs the likelihood of the text least. Without a piece, its share of the text is written in the best
 * way that the others give; a piece whose best segmentation is into others is never used, and dropped. Characters stay.
 */
function prune(
  pieces: readonly ScoredPiece[],
  words: ReadonlyMap<string, number>,
  size: number,
): ScoredPiece[] {
  const lattice = new UnigramLattice(pieces);
  const used = new Float64Array(pieces.length);
  for (const [word, count] of words) for (const piece of lattice.best(word)) used[piece]! += count;
  const total = used.reduce((sum, count) => sum + count, 0);
  const kept: ScoredPiece[] = [];
  const losses: { readonly index: number; readonly loss: number }[] = [];
  for (const [index, [piece]] of pieces.entries()) {
    if (isCharacter(piece)) {
      kept.push(pieces[index]!);
      continue;
    }
    const count = used[index]!;
    if (count === 0) continue;
    const instead = lattice.best(piece, index);
    const logTotal = Math.log(total);
    const newTotal = Math.log(total + count * (instead.length - 1));
    const now = Math.log(count) - logTotal;
    const then = instead.reduce((sum, other) => sum + Math.log(used[other]! + count) - newTotal, 0);
    losses.push({ index, loss: (count / total) * (now - then) });
  }
  losses.sort((a, b) => b.loss - a.loss || a.index - b.index);
  const most = Math.max(Math.ceil(SPARE * size), Math.floor(KEPT_SHARE * pieces.length));
  for (const { index } of losses.slice(0, Math.max(0, most - kept.length))) kept.push(pieces[index]!);
  return kept;
}

/**
 * Learns a unigram model (Kudo 2018, arXiv:1804.10959, section 3.2): from many parts of words as pieces, expectation and
 * maximization of the likelihood of the words over all ways to cut them, and pruning of the pieces whose loss costs least, by turns.
 *
 * @param words with the number of times they occur
 * @param alphabet characters that are to be pieces even where the words lack them
 * @param size pieces to learn at most, those of characters included
 * @returns pieces, most likely first
 * @throws RangeError if the characters alone are more
 */
export function learnPieces(
  words: ReadonlyMap<string, number>,
  alphabet: readonly string[],
  size: number,
): ScoredPiece[] {
  let pieces = seedPieces(words);
  const characters = new Set([
    ...pieces.filter(([piece]) => isCharacter(piece)).map(([piece]) => piece),
    ...alphabet,
  ]);
  if (characters.size > size) {
    throw new RangeError(
      `the text has ${characters.size} different characters, more than the ${size} pieces that were asked for: ask for more`,
    );
  }
  for (;;) {
    for (let round = 0; round < ROUNDS; round += 1) {
      pieces = maximize(pieces, new UnigramLattice(pieces).expectedCounts(words));
    }
    if (pieces.length <= SPARE * size) break;
    const pruned = prune(pieces, words, size);
    if (pruned.length === pieces.length) break;
    pieces = pruned;
  }
  const byScore = [...pieces].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const others = byScore.filter(([piece]) => !characters.has(piece)).slice(0, size - characters.size);
  const seen = byScore.filter(([piece]) => characters.has(piece));
  const least = byScore.at(-1)?.[1] ?? 0;
  const known = new Set(seen.map(([piece]) => piece));
  const unseen = [...characters]
    .filter((piece) => !known.has(piece))
    .map((piece, index): ScoredPiece => [piece, least - UNSEEN_PENALTY - index * 1e-4]);
  return [...others, ...seen].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).concat(unseen);
}
