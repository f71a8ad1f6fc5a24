import fc from 'fast-check';
import picomatch from 'picomatch/posix.js';
import { expect, it } from 'vitest';
import { compileGlob } from '../src/engine/glob.ts';

// Names and globs of few characters, so that many globs match: segments of them between slashes.
const letter = fc.constantFrom('a', 'b', '.', '_', '0');
const joined = (part: fc.Arbitrary<string>, options: fc.ArrayConstraints, by = ''): fc.Arbitrary<string> =>
  fc.array(part, options).map((parts) => parts.join(by));
// picomatch never matches the segments that mean this folder and the one above.
const segment = joined(letter, { minLength: 1, maxLength: 4 }).filter((text) => !/^\.+$/.test(text));
const name = joined(segment, { minLength: 1, maxLength: 4 }, '/');
// One star beside another means something else there.
const piece = fc.oneof(
  { weight: 3, arbitrary: letter },
  fc.constantFrom('?', '[ab]', '[0-9]', '{a,b}', '{a0,_}', '\\*', '{a?,b}'),
);
const starred = fc
  .tuple(joined(piece, { maxLength: 2 }), fc.boolean(), joined(piece, { minLength: 1, maxLength: 2 }))
  .map(([before, star, after]) => (star ? `${before}*${after}` : before + after));
const globSegment = fc.oneof(
  { weight: 3, arbitrary: starred.filter((text) => !/^\.*\*?\.*$/.test(text)) },
  fc.constantFrom('*', '**'),
);
const glob = fc
  .array(globSegment, { minLength: 1, maxLength: 4 })
  .filter((parts) => parts.every((part, index) => part !== '**' || parts[index - 1] !== '**'))
  // There `a/**` matches "a" itself, as here, but `*/**` does not.
  .filter((parts) => parts.at(-1) !== '**' || !parts.at(-2)?.endsWith('*'))
  .map((parts) => parts.join('/'));

it('a glob matches what picomatch says', () => {
  fc.assert(
    fc.property(glob, fc.array(name, { minLength: 8, maxLength: 8 }), (pattern, names) => {
      const [ours, theirs] = [compileGlob(pattern), picomatch(pattern, { dot: true })];
      expect(names.filter(ours), pattern).toEqual(names.filter((each) => theirs(each)));
    }),
    { numRuns: 2000, seed: 1 },
  );
});

// The first list matches, the second does not.
it.each<[string, string[], string[]]>([
  ['bias', ['bias'], ['dense/bias', 'bias2']],
  ['**/bias', ['bias', 'dense/bias', 'a/b/bias'], ['my_bias', 'dense/bias/x']],
  ['blocks/**', ['blocks', 'blocks/0', 'blocks/0/bias'], ['blocks2', 'a/blocks']],
  ['a/**/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['ab', 'a/xb']],
  ['**/**', ['a', 'a/b'], []],
  ['*.bias', ['dense.bias', '.bias'], ['a/b.bias', 'dense_bias']],
  ['block_?/*', ['block_0/x'], ['block_10/x', 'block_0/', 'block_0', 'block_//x']],
  ['block_[!02]', ['block_1', 'block_a'], ['block_0', 'block_2', 'block_/']],
  ['layer\\[0\\]/\\*', ['layer[0]/*'], ['layer0/x', 'layer[0]/x']],
  ['{a,b/{c,d}}/w', ['a/w', 'b/c/w', 'b/d/w'], ['b/w', 'c/w']],
  ['a,b+c$', ['a,b+c$'], ['a', 'b+c$']],
  ['[[a]', ['[', 'a'], ['[[a]']],
  ['größe/*', ['größe/ü'], ['größe']],
])('the glob %s', (pattern, matching, others) => {
  expect([...matching, ...others].filter(compileGlob(pattern))).toEqual(matching);
});

it.each<[unknown, string]>([
  ['', 'match has the glob "", but a glob is a text that is not empty'],
  [3, 'match has the glob 3, but a glob is a text that is not empty'],
  ['!**/bias', '"!" excludes nothing: use { not: ... }'],
  ['block_{0..3}', '"{" and "}" enclose alternatives, as in {weight,bias}'],
  ['{a,b', 'a "{" is not closed; write "\\{" for the character'],
  ['a},b', 'a "}" closes nothing; write "\\}" for the character'],
  ['layer[0', '"[" stands alone in it; write "\\[" for the character'],
  ['@(a|b)', '"(" stands alone in it; write "\\(" for the character'],
  ['a\\', '"\\" stands alone in it; write "\\\\" for the character'],
  ['block_[9-0]', 'a range in it ends before it begins'],
])('the glob %j is refused', (pattern, message) => {
  expect(() => compileGlob(pattern as string)).toThrow(message);
});
