import { describe, expect, it } from 'vitest';
import { takesAdamW } from '../src/index.ts';

describe('the parameters that AdamW updates in the place of a rule for matrices', () => {
  const matrix = { name: 'weight', shape: [2, 3], size: 6 };
  it.each([
    ['never', false, undefined, false],
    ['never', true, 'embedding', false],
    ['others', false, undefined, true],
    ['others', true, undefined, false],
    ['others', true, 'attention', false],
    ['others', true, 'embedding', true],
    ['others', true, 'lastLayer', true],
    ['always', true, 'attention', true],
  ] as const)('under %s, is a matrix: %s, role %s: %s', (use, isMatrix, role, expected) => {
    expect(takesAdamW({ ...matrix, ...(role === undefined ? {} : { role }) }, use, isMatrix)).toBe(expected);
  });
});
