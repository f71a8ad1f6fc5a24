import { expect, it } from 'vitest';
import * as scalingLaws from '../src/index.ts';

it('exports exactly what users call', () => {
  expect(Object.keys(scalingLaws).sort()).toEqual([
    'Table',
    'bootstrap',
    'fitPowerLaw',
    'goodnessOf',
    'gridStarts',
    'identifiability',
    'logHuberObjective',
    'minimize',
    'minimizeFromMany',
    'splitByCompute',
  ]);
});
