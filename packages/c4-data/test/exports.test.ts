import { expect, it } from 'vitest';
import * as c4Data from '../src/index.ts';

it('exports exactly what users call', () => {
  expect(Object.keys(c4Data).sort()).toEqual([
    'createTokenizerPool',
    'loadTokenizer',
    'ngramBaselines',
    'openC4Hub',
    'openTextData',
    'prepareTokenShards',
    'trainTokenizer',
    'verifyTokenShards',
  ]);
});
