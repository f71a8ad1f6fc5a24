import { describe, expect, it } from 'vitest';
import { gaussianNoise } from '../src/index.ts';

const drawn = (shape: number[], seed: number, step: number, name = 'weight'): number[] => [
  ...gaussianNoise(shape, name, seed).inFloat64([], [step]),
];

describe('seeded noise', () => {
  it('is standard normal', () => {
    const noise = drawn([200, 201], 1, 1);
    const moment = (power: number) => noise.reduce((sum, x) => sum + x ** power, 0) / noise.length;
    // Means over 40,200 draws: within five standard deviations of their expectations 0, 1, 0 and 3.
    const wide = 5 / Math.sqrt(noise.length);
    expect(Math.abs(moment(1))).toBeLessThan(wide);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(wide * Math.sqrt(2));
    expect(Math.abs(moment(3))).toBeLessThan(wide * Math.sqrt(15));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(wide * Math.sqrt(96));
  });

  it('is the same for the same seed, shape and step, whatever the name, and other for others', () => {
    expect(drawn([2, 3], 1, 5, 'kernel_1')).toEqual(drawn([2, 3], 1, 5));
    for (const other of [drawn([2, 3], 2, 5), drawn([2, 3], 1, 6), drawn([3, 2], 1, 5)]) {
      expect(other).not.toEqual(drawn([2, 3], 1, 5));
    }
  });

  it('is of numbers that float32 holds', () => {
    for (const x of drawn([9], 3, 1)) expect(Math.fround(x)).toBe(x);
  });
});
