import { describe, expect, it } from 'vitest';
import { intervalOf } from '../src/fitting/bootstrap.ts';
import { randomFrom } from '../src/fitting/random.ts';
import { bootstrap } from '../src/index.ts';

/** Pearson's statistic of counts that should be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

const seeds = 4000;
// With 9 degrees of freedom 99.99 % of the statistics lie below 33.7, with 99 below 161.
const most = { ten: 33.7, hundred: 161 };

describe('random numbers', () => {
  it.each(['bootstrap', 'sweep', 'curves', 'budget 414000'])(
    'of neighboring seeds are independent from the first draw on: %s',
    (stream) => {
      const first = new Array<number>(10).fill(0);
      const pairs = new Array<number>(100).fill(0);
      let before = 0;
      for (let seed = 0; seed < seeds; seed += 1) {
        const draw = randomFrom(seed, stream).below(10);
        first[draw]! += 1;
        pairs[10 * before + draw]! += 1;
        before = draw;
      }
      expect(chiSquare(first)).toBeLessThan(most.ten);
      expect(chiSquare(pairs)).toBeLessThan(most.hundred);
    },
  );

  it('of one seed are independent from draw to draw', () => {
    const random = randomFrom(0, 'bootstrap');
    const pairs = new Array<number>(100).fill(0);
    for (let draw = 0; draw < 20_000; draw += 1) pairs[10 * random.below(10) + random.below(10)]! += 1;
    expect(chiSquare(pairs)).toBeLessThan(most.hundred);
  });

  it('of two streams under one seed, and of large seeds that agree in 32 bits, differ', () => {
    const draws = (seed: number, stream: string) => {
      const random = randomFrom(seed, stream);
      return Array.from({ length: 20 }, () => random.below(1000));
    };
    const all = [draws(1, 'a'), draws(1, 'b'), draws(2 ** 32 + 1, 'a'), draws(2, 'a')].map(String);
    expect(new Set(all).size).toBe(4);
    expect(draws(1, 'a')).toEqual(draws(1, 'a'));
  });

  it('of the normal distribution have its moments and its tails, over seeds as over draws', () => {
    const oneEach = Array.from({ length: seeds }, (_, seed) => randomFrom(seed, 'budget 1').normal());
    const random = randomFrom(3, 'budget 1');
    for (const values of [oneEach, Array.from({ length: seeds }, () => random.normal())]) {
      const mean = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / seeds;
      // Four standard errors of each: sqrt(1, 2, 15, 96 / 4000).
      expect(Math.abs(mean(1))).toBeLessThan(4 * Math.sqrt(1 / seeds));
      expect(Math.abs(mean(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / seeds));
      expect(Math.abs(mean(3))).toBeLessThan(4 * Math.sqrt(15 / seeds));
      expect(Math.abs(mean(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / seeds));
      const beyond = values.filter((value) => Math.abs(value) > 1.96).length / seeds;
      expect(Math.abs(beyond - 0.05)).toBeLessThan(4 * Math.sqrt((0.05 * 0.95) / seeds));
    }
  });
});

describe('the bootstrap', () => {
  it('draws every row equally often in the first resample of many seeds', () => {
    const rows = Array.from({ length: 10 }, (_, index) => index);
    const counts = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 400; seed += 1) {
      let made = 0;
      bootstrap(
        rows,
        (sample) => {
          if (made++ === 0) for (const row of sample) counts[row]! += 1;
          return { value: 1 };
        },
        { samples: 2, seed },
      );
    }
    expect(chiSquare(counts)).toBeLessThan(most.ten);
  });

  it('takes the standard error over n - 1 and quantiles as NumPy does', () => {
    // statistics.stdev([1, 2, 4, 8]) = sqrt(115 / 12); numpy.quantile([1, 2, 4, 8], [0.25, 0.5, 0.75]) = 1.75, 3, 5.
    const interval = intervalOf([8, 1, 4, 2], 0.5);
    expect(interval.standardError).toBeCloseTo(Math.sqrt(115 / 12), 14);
    expect(interval).toMatchObject({ low: 1.75, median: 3, high: 5 });
  });
});
