import { expect, it } from 'vitest';
import { listed, unsuffixed } from '../src/engine/variable-names.ts';

// tfjs-layers asks for `<layer>/<weight>` and appends _1, _2, ... where that is taken.
it.each([
  ['dense/kernel_1', 'dense/kernel'],
  ['dense/kernel_2', 'dense/kernel'],
  ['dense/kernel_10', 'dense/kernel'],
  ['outer/dense_3/kernel_4', 'outer/dense_3/kernel'],
  ['dense/kernel_1_2', 'dense/kernel_1'],
  ['dense/kernel', 'dense/kernel'],
  ['dense/kernel_0', 'dense/kernel_0'],
  ['dense/kernel_01', 'dense/kernel_01'],
  ['dense/kernel_1b', 'dense/kernel_1b'],
  ['dense/kernel_b1', 'dense/kernel_b1'],
  ['dense_1/kernel', 'dense_1/kernel'],
  ['dense/kernel_1/', 'dense/kernel_1/'],
  ['kernel_1', 'kernel_1'],
  ['/kernel_1', '/kernel_1'],
  ['dense/_1', 'dense/_1'],
  ['_1', '_1'],
])('the layer of %s asked for %s', (name, asked) => {
  expect(unsuffixed(name)).toBe(asked);
});

it('long lists of names are cut short', () => {
  expect(listed([])).toBe('');
  expect(listed(['a'])).toBe('"a"');
  expect(listed(['a', 'b', 'c', 'd', 'e'])).toBe('"a", "b", "c", "d", "e"');
  expect(listed(['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toBe('"a", "b", "c", "d" and 3 more');
});
