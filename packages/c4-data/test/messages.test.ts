import { expect, it, describe as suite } from 'vitest';
import { describe } from '../src/option-checks.ts';

suite('a value in a message', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  it.each<[unknown, string]>([
    [Number.NaN, 'NaN (number)'],
    [Number.POSITIVE_INFINITY, 'Infinity (number)'],
    [-0, '0 (number)'],
    [10n, '10 (bigint)'],
    [Symbol('x'), 'Symbol(x) (symbol)'],
    [undefined, 'undefined'],
    [null, 'null'],
    ['a\u001b[31m', '"a\\u001b[31m" (string)'],
    [[1, 2], '[1,2] (array)'],
    [circle, '[object Object] (object)'],
    [
      Array.from({ length: 2000 }, (_, index) => index),
      `${JSON.stringify(Array.from({ length: 2000 }, (_, index) => index)).slice(0, 80)}… (array)`,
    ],
  ])('is shown in one short line of printable characters: %#', (value, shown) => {
    expect(describe(value)).toBe(shown);
  });
});
