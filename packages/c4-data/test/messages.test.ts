import { expect, it, describe as suite } from 'vitest';
import { describe } from '../src/option-checks.ts';
import { printable, printableLines } from '../src/printable.ts';

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

suite('text of a file in a message', () => {
  it('steers no terminal and no direction of writing', () => {
    const text = 'a\u001b[2J\u0007\u009b1m\r\nb\t\u202e\u2066\ufeff\ud800c 東京 😀 é';
    expect(printable(text)).toBe(
      'a\\u001b[2J\\u0007\\u009b1m\\u000d\\u000ab\\u0009\\u202e\\u2066\\ufeff\\ud800c 東京 😀 é',
    );
    expect(printableLines('one\ntwo\u001b')).toBe('one\ntwo\\u001b');
    expect(printable('x'.repeat(300))).toBe(`${'x'.repeat(200)}…`);
  });
});
