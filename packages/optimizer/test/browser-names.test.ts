import { expect, it } from 'vitest';
import * as browser from '../src/browser.ts';
import * as node from '../src/index.ts';

// In a file of its own: the entry for Node brings kernels, without which that for browsers is tested.
it('the entry for browsers has the names of that for Node', () => {
  expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort());
});
