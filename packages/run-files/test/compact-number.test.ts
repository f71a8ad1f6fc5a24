import { expect, it } from 'vitest';
import { compactNumber } from '../src/index.ts';

it.each([
  [0, '0'],
  [0.003, '0.003'],
  [2.345, '2.35'],
  [1500, '1,500'],
  [1234, '1,234'],
  [-1234, '-1,234'],
  [10 ** Math.log10(2000), '2,000'],
  [9999, '9,999'],
  [9999.6, '10k'],
  [1234.5, '1,230'],
  [0.00123, '0.00123'],
  [12_345, '12.3k'],
  [999_999, '1M'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  [3.4e6, '3.4M'],
  [2.1e9, '2.1B'],
  [1e20, '1e20'],
  [2.5e-5, '2.5e-5'],
])('%d is written as %s', (value, text) => {
  expect(compactNumber(value)).toBe(text);
});
