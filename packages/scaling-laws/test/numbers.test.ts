import { expect, it } from 'vitest';
import {
  bilinear,
  geometricMean,
  groupsBy,
  groupsNear,
  interpolate,
  leastBy,
  rangeOf,
} from '../src/fitting/numbers.ts';

it('takes means and ranges as arithmetic does', () => {
  expect(geometricMean([1, 10, 100])).toBeCloseTo(10, 12);
  expect(rangeOf([3, -1, 2])).toEqual({ low: -1, high: 3 });
});

it("is x' M y by the definition", () => {
  const matrix = [
    [1, 2],
    [3, 4],
  ];
  expect(bilinear([5, 6], matrix, [7, 8])).toBe(5 * (1 * 7 + 2 * 8) + 6 * (3 * 7 + 4 * 8));
});

it('lies on straight lines between points, and on the first and the last beyond them', () => {
  const at = (x: number) => interpolate([0, 2, 3], [10, 20, 0], x);
  expect([0, 1, 2, 2.5, 3].map(at)).toEqual([10, 15, 20, 10, 0]);
  expect([at(-1), at(4)]).toEqual([5, -20]);
  // Two points at one place are a step.
  expect(interpolate([1, 1, 2], [4, 6, 8], 1)).toBe(4);
});

it('groups by key in the order of the first, and by nearness in ascending order', () => {
  expect(groupsBy([5, 2, 7, 4], (value) => value % 2)).toEqual([
    [5, 7],
    [2, 4],
  ]);
  // A group reaches up to its least times the factor, that excluded: 1.21 is 1.1 times 1.1, not 1.
  expect(groupsNear([1.21, 1, 2, 1.05], (value) => value, 1.1)).toEqual([[1, 1.05], [1.21], [2]]);
});

it('takes the first of those that are least', () => {
  const things = [
    { name: 'a', value: 2 },
    { name: 'b', value: 1 },
    { name: 'c', value: 1 },
  ];
  expect(leastBy(things, ({ value }) => value).name).toBe('b');
});
