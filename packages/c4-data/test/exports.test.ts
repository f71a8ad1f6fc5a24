import { expect, it } from 'vitest';
import * as c4Data from '../src/index.ts';

it('exports exactly what users call', () => {
  expect(Object.keys(c4Data).sort()).toEqual([
    'c4Variants',
    'createTokenizerPool',
    'inspectTokenShards',
    'loadTokenizer',
    'ngramBaselines',
    'openC4Hub',
    'openTextData',
    'prepareTokenShards',
    'trainTokenizer',
    'verifyTokenShards',
  ]);
});
