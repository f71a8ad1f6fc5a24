import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { learnMerges } from '../src/tokenizers/training/bpe-training.ts';
import { type ScoredPiece, UnigramLattice } from '../src/tokenizers/training/unigram-lattice.ts';
import { digamma, learnPieces } from '../src/tokenizers/training/unigram-training.ts';

/** All ways to cut a word into pieces, as their numbers. */
function cuts(word: string, pieces: readonly ScoredPiece[]): number[][] {
  if (word === '') return [[]];
  return pieces.flatMap(([piece], id) =>
    word.startsWith(piece) ? cuts(word.slice(piece.length), pieces).map((rest) => [id, ...rest]) : [],
  );
}

const scoreOf = (ids: readonly number[], pieces: readonly ScoredPiece[]) =>
  ids.reduce((sum, id) => sum + pieces[id]![1], 0);

describe('all ways to cut words', () => {
  const letters = ['a', 'é', '東'];
  const pieceLists = fc
    .uniqueArray(fc.string({ unit: fc.constantFrom(...letters), minLength: 2, maxLength: 3 }), {
      maxLength: 6,
    })
    .chain((longer) =>
      fc
        .array(fc.double({ min: -6, max: -0.5, noNaN: true }), {
          minLength: longer.length + letters.length,
          maxLength: longer.length + letters.length,
        })
        .map((scores) => [...letters, ...longer].map((piece, id): ScoredPiece => [piece, scores[id]!])),
    );
  const word = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 6 });

  it('expect each piece as often as its share of their likelihood says', () => {
    fc.assert(
      fc.property(pieceLists, fc.uniqueArray(word, { minLength: 1, maxLength: 3 }), (pieces, list) => {
        const words = new Map(list.map((text, index) => [text, index + 1]));
        const expected = new Float64Array(pieces.length);
        for (const [text, times] of words) {
          const ways = cuts(text, pieces);
          const all = ways.reduce((sum, ids) => sum + Math.exp(scoreOf(ids, pieces)), 0);
          for (const ids of ways) {
            for (const id of ids) expected[id]! += (times * Math.exp(scoreOf(ids, pieces))) / all;
          }
        }
        const found = new UnigramLattice(pieces).expectedCounts(words);
        for (const [id, count] of expected.entries()) expect(found[id]).toBeCloseTo(count, 9);
      }),
    );
  });

  it('have one that is the most likely, also without a piece', () => {
    fc.assert(
      fc.property(pieceLists, word, fc.nat(20), (pieces, text, number) => {
        const lattice = new UnigramLattice(pieces);
        const bestOf = (ways: readonly number[][]) => Math.max(...ways.map((ids) => scoreOf(ids, pieces)));
        const best = lattice.best(text);
        expect(best.map((id) => pieces[id]![0]).join('')).toBe(text);
        expect(scoreOf(best, pieces)).toBeCloseTo(bestOf(cuts(text, pieces)), 9);
        const longer = pieces.length - letters.length;
        if (longer === 0) return;
        const without = letters.length + (number % longer);
        const others = lattice.best(text, without);
        expect(others).not.toContain(without);
        expect(others.map((id) => pieces[id]![0]).join('')).toBe(text);
        const ways = cuts(text, pieces).filter((ids) => !ids.includes(without));
        expect(scoreOf(others, pieces)).toBeCloseTo(bestOf(ways), 9);
      }),
    );
  });

  it('are found in words of any length', () => {
    const lattice = new UnigramLattice([
      ['a', -2],
      ['aa', -3],
    ]);
    const long = 'a'.repeat(500);
    expect(lattice.best(long)).toEqual(new Array(250).fill(1));
    expect(lattice.best('aaa')).toHaveLength(2);
    // Fibonacci's numbers count the ways; every piece of them is expected as the ends of a long word leave it.
    const [one, two] = lattice.expectedCounts(new Map([[long, 1]]));
    expect(one! + 2 * two!).toBeCloseTo(500, 6);
  });
});

describe('pieces that are learned', () => {
  const learn = (words: Record<string, number>, size: number, alphabet: readonly string[] = []) =>
    learnPieces(new Map(Object.entries(words)), alphabet, size);

  it('have at most 16 characters, and occur twice or more', () => {
    const word = 'abcdefghijklmnopqrst';
    const lengths = (list: readonly ScoredPiece[]) => list.map(([piece]) => Array.from(piece).length);
    const often = learn({ [word]: 50 }, 400);
    expect(Math.max(...lengths(often))).toBe(16);
    const once = learn({ [word]: 1, xy: 2 }, 400);
    expect(once.filter(([piece]) => piece.length > 1).map(([piece]) => piece)).toEqual(['xy']);
    // A character beyond the basic plane is one.
    expect(lengths(learn({ '😀😀': 9 }, 5)).sort()).toEqual([1, 2]);
  });

  it('are as many as are asked for, those of characters among them, the likely ones first', () => {
    const words = { banana: 10, bandana: 5, band: 3, an: 7, '😀': 2 };
    const alphabet = ['x', 'a'];
    for (const size of [6, 7, 8, 9]) {
      const pieces = learn(words, size, alphabet);
      expect(pieces).toHaveLength(size);
      const names = pieces.map(([piece]) => piece);
      for (const character of ['b', 'a', 'n', 'd', '😀', 'x']) expect(names).toContain(character);
      const scores = pieces.map(([, score]) => score);
      expect(scores).toEqual([...scores].sort((one, two) => two - one));
      // What the text lacks is the least likely.
      expect(names.at(-1)).toBe('x');
      expect(scores.at(-1)! - scores.at(-2)!).toBeLessThanOrEqual(-1 + 1e-9);
    }
    expect(() => learn(words, 5, alphabet)).toThrow(
      new RangeError(
        'the text has 6 different characters, more than the 5 pieces that were asked for: ask for more',
      ),
    );
  });

  it('are of the words that cover most of the text', () => {
    // Each word is written best by one piece; of those that fit in, the frequent ones are kept.
    const words = { hello: 400, world: 300, maybe: 2, quiz: 2 };
    const pieces = learn(words, 15 + 2).map(([piece]) => piece);
    const characters = new Set(Object.keys(words).join(''));
    const longer = pieces.filter((piece) => piece.length > 1);
    expect(characters.size).toBe(15);
    expect(longer).toContain('hello');
    expect(longer).toContain('world');
  });
});

it('the digamma function differs by 1/x from one number to the next, and goes towards a logarithm', () => {
  for (const x of [0.5, 1, 3.25, 11.9, 12, 12.1, 40]) {
    expect(digamma(x + 1) - digamma(x)).toBeCloseTo(1 / x, 12);
  }
  // Abramowitz and Stegun 6.3.3: psi(1/2) = -gamma - 2 ln 2.
  expect(digamma(0.5)).toBeCloseTo(-0.577215664901533 - 2 * Math.LN2, 12);
  expect(digamma(1e6)).toBeCloseTo(Math.log(1e6) - 5e-7, 12);
});

describe('merges that are learned', () => {
  /** Sennrich et al. 2016, algorithm 1, with all pairs counted anew each time. */
  function learnSimply(counts: ReadonlyMap<string, number>, size: number, bytes: readonly string[]) {
    const pieces = [...bytes];
    const merges: [string, string][] = [];
    let words = [...counts].map(([word, count]) => ({ parts: Array.from(word), count }));
    while (pieces.length < size) {
      const pairs = new Map<string, { left: string; right: string; count: number }>();
      for (const { parts, count } of words) {
        for (const [at, right] of parts.slice(1).entries()) {
          const left = parts[at]!;
          const pair = pairs.get(`${left}\0${right}`) ?? { left, right, count: 0 };
          pair.count += count;
          pairs.set(`${left}\0${right}`, pair);
        }
      }
      const [best] = [...pairs.values()].sort(
        (a, b) =>
          b.count - a.count ||
          pieces.indexOf(a.left) - pieces.indexOf(b.left) ||
          pieces.indexOf(a.right) - pieces.indexOf(b.right),
      );
      if (best === undefined) break;
      const { left, right } = best;
      merges.push([left, right]);
      if (!pieces.includes(left + right)) pieces.push(left + right);
      words = words.map(({ parts, count }) => {
        const joined: string[] = [];
        for (let at = 0; at < parts.length; at += 1) {
          if (parts[at] === left && parts[at + 1] === right) {
            joined.push(left + right);
            at += 1;
          } else joined.push(parts[at]!);
        }
        return { parts: joined, count };
      });
    }
    return { pieces, merges };
  }

  it('are those of the algorithm as it reads, whatever the words', () => {
    const bytes = learnMerges(new Map(), ['<pad>'], 257).pieces;
    expect(bytes).toHaveLength(257);
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.tuple(
            fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 8 }),
            fc.integer({ min: 1, max: 4 }),
          ),
          { selector: ([word]) => word, maxLength: 6 },
        ),
        fc.nat(12),
        (list, more) => {
          const counts = new Map(list);
          const found = learnMerges(counts, ['<pad>'], 257 + more);
          expect(found).toEqual(learnSimply(counts, 257 + more, bytes));
        },
      ),
      { numRuns: 300 },
    );
  });
});
