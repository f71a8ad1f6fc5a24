import { expect, it } from 'vitest';
import { printable, printableLines, printableStart } from '../src/index.ts';

it('text of a file steers no terminal and no direction of writing', () => {
  const text = 'a\u001b[2J\u0007\u009b1m\r\nb\t\u202e\u2066\ufeff\u2028\ud800c 東京 😀 é';
  const shown =
    'a\\u001b[2J\\u0007\\u009b1m\\u000d\\u000ab\\u0009\\u202e\\u2066\\ufeff\\u2028\\ud800c 東京 😀 é';
  expect(printable(text)).toBe(shown);
  expect(printableLines('one\ntwo\u001b')).toBe('one\ntwo\\u001b');
});

it('the start of a long text is marked as one', () => {
  expect(printableStart('x'.repeat(300), 200)).toBe(`${'x'.repeat(200)}…`);
  expect(printableStart('x'.repeat(200), 200)).toBe('x'.repeat(200));
});
