// A file of its own, for the entry for Node registers the kernels that test/browser.test.ts begins without.
import { expect, it } from 'vitest';
import * as browser from '../src/browser.ts';
import * as node from '../src/index.ts';

it('the entry for browsers has the names of the entry for Node', () => {
  expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort());
});
