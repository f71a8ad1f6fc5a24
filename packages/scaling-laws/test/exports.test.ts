import { expect, it } from 'vitest';
import * as scalingLaws from '../src/index.ts';
import * as forNode from '../src/node.ts';

it('exports exactly what users call', () => {
  expect(Object.keys(scalingLaws).sort()).toEqual([
    'Table',
    'bootstrap',
    'chinchillaLaw',
    'fitChinchilla',
    'fitPowerLaw',
    'goodnessOf',
    'gridStarts',
    'identifiability',
    'logHuberObjective',
    'minimize',
    'minimizeFromMany',
    'splitByCompute',
    'tableFromCsv',
  ]);
});

it('reads files behind an entry of its own, so that browsers can bundle the rest', () => {
  expect(Object.keys(forNode)).toEqual(['readTable']);
});
