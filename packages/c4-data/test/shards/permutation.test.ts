import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keyedPermutation } from '../../src/permutation.ts';
import { chiSquareDeviation, countBy, SIX } from '../chi-square.ts';

const all = (length: number, label: string): number[] => {
  const place = keyedPermutation(length, label);
  return Array.from({ length }, (_, index) => place(index));
};

describe('a keyed permutation', () => {
  it('reaches every number once, whatever the length', () => {
    const lengths = [
      ...Array.from({ length: 300 }, (_, index) => index + 1),
      4095,
      4096,
      4097,
      65_537,
      99_856,
    ];
    for (const length of lengths) {
      const seen = new Uint8Array(length);
      for (const place of all(length, `every ${length % 7}`)) seen[place]! += 1;
      expect(seen.every((count) => count === 1)).toBe(true);
    }
  });

  it('gives the numbers of an independent implementation', () => {
    const fixture = new URL('../fixtures/permutation.json', import.meta.url);
    const cases = JSON.parse(readFileSync(fixture, 'utf8')) as {
      length: number;
      label: string;
      places: Record<string, number>;
    }[];
    for (const { length, label, places } of cases) {
      const place = keyedPermutation(length, label);
      for (const [index, expected] of Object.entries(places)) expect(place(Number(index))).toBe(expected);
    }
  });

  it.each([2, 3, 4, 5, 6])('gives each order of %i numbers equally often', (length) => {
    const orders = [1, 1, 2, 6, 24, 120, 720][length]!;
    const seen = countBy(
      Array.from({ length: 60 * orders }, (_, label) => `${all(length, `order ${label}`)}`),
    );
    expect(Math.abs(chiSquareDeviation(seen.values(), orders, orders - 1))).toBeLessThan(SIX);
  });

  it.each([30, 5000])('brings each of %i numbers to each tenth of the order equally often', (length) => {
    const cells = countBy(
      Array.from({ length: 20_000 }, (_, label) => {
        const index = label % length;
        const place = keyedPermutation(length, `tenth ${label}`)(index);
        return 10 * Math.floor((10 * index) / length) + Math.floor((10 * place) / length);
      }),
    );
    expect(Math.abs(chiSquareDeviation(cells.values(), 100, 99))).toBeLessThan(SIX);
  });

  it('puts neighbors anywhere, also in a length beyond 32 bits', () => {
    for (const length of [390_625, 2 ** 40 + 1]) {
      const place = keyedPermutation(length, 'neighbors');
      const pairs = countBy(
        Array.from({ length: 50_000 }, (_, index) => {
          const [first, second] = [place(index), place(index + 1)];
          return 20 * Math.floor((20 * first) / length) + Math.floor((20 * second) / length);
        }),
      );
      expect(Math.abs(chiSquareDeviation(pairs.values(), 400, 399))).toBeLessThan(SIX);
    }
  });

  it('has no two numbers of a huge length in one place', () => {
    const length = 2 ** 53 - 1;
    const place = keyedPermutation(length, 'huge');
    const places = new Set(Array.from({ length: 100_000 }, (_, index) => place(length - 1 - index)));
    expect(places.size).toBe(100_000);
    expect([...places].every((value) => Number.isSafeInteger(value) && value >= 0 && value < length)).toBe(
      true,
    );
  });
});
