import { expect, it } from 'vitest';
import { nearestName } from '../src/index.ts';

it.each([
  ['NODE', ['auto', 'node', 'wasm'], undefined, 'node'],
  ['learningrate', ['weightDecay', 'learningRate'], undefined, 'learningRate'],
  ['loss', ['BOSS', 'Loss'], undefined, 'Loss'],
  ['ac', ['ab', 'bc'], undefined, 'ab'],
  ['anything', [], undefined, undefined],
  // "kitten" and "sitting" are three edits apart (Levenshtein).
  ['KITTEN', ['sitting'], 3, 'sitting'],
  ['KITTEN', ['sitting'], 2, undefined],
  ['KITTEN', ['sitting', 'mitten'], 3, 'mitten'],
])('%s among %j within %s edits is %s', (name, known, most, nearest) => {
  expect(nearestName(name, known, most)).toBe(nearest);
});
