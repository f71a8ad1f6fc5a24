import { expect, it } from 'vitest';
import { markdownTable } from '../src/index.ts';

const numbers = { right: (column: number) => column > 0 };

it('aligns its columns as text, numbers to the right', () => {
  const rows = [
    ['1', '8.25'],
    ['1000', '3.1'],
  ];
  expect(markdownTable(['step', 'loss'], rows, numbers)).toBe(
    ['| step | loss |', '| ---- | ---: |', '| 1    | 8.25 |', '| 1000 |  3.1 |'].join('\n'),
  );
  expect(markdownTable(['step', 'loss'], rows, { ...numbers, padded: false })).toBe(
    ['| step | loss |', '| --- | --: |', '| 1 | 8.25 |', '| 1000 | 3.1 |'].join('\n'),
  );
});

it('counts characters, leaves room for the rule, and fills short rows', () => {
  expect(markdownTable(['a', 'b'], [['𝛽₁ = 1'], ['x', 'y']])).toBe(
    ['| a      | b   |', '| ------ | --- |', '| 𝛽₁ = 1 |     |', '| x      | y   |'].join('\n'),
  );
});

it('keeps a bar in its cell, escaped once', () => {
  expect(markdownTable(['type'], [["`'a' | 'b'`"], ['c \\| d']])).toBe(
    ['| type         |', '| ------------ |', "| `'a' \\| 'b'` |", '| c \\| d       |'].join('\n'),
  );
});
