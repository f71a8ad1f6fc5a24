import { expect, it } from 'vitest';
import * as registry from '../src/index.ts';
import * as node from '../src/node.ts';

it('exports exactly what users call', () => {
  expect(Object.keys(registry).sort()).toEqual([
    'createOptimizer',
    'listOptimizers',
    'optimizerByName',
    'optimizerRecord',
  ]);
  expect(Object.keys(node)).toEqual(['loadInstalledOptimizers']);
});
