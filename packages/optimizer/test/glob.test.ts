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

/** A glob with alternatives, and the globs without them that it stands for. */
interface Spread {
  readonly glob: string;
  readonly globs: readonly string[];
}
const { path } = fc.letrec<{ path: Spread; part: Spread; alternatives: Spread }>((tie) => ({
  path: fc.array(tie('part'), { minLength: 1, maxLength: 3, depthIdentifier: 'glob' }).map((parts) =>
    parts.reduce((start, end) => ({
      glob: `${start.glob}/${end.glob}`,
      globs: start.globs.flatMap((before) => end.globs.map((after) => `${before}/${after}`)),
    })),
  ),
  part: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'glob' },
    { weight: 2, arbitrary: globSegment.map((glob) => ({ glob, globs: [glob] })) },
    { weight: 3, arbitrary: tie('alternatives') },
  ),
  alternatives: fc.array(tie('path'), { minLength: 2, maxLength: 3, depthIdentifier: 'glob' }).map((any) => ({
    glob: `{${any.map(({ glob }) => glob).join(',')}}`,
    globs: any.flatMap(({ globs }) => globs),
  })),
}));
const isPlain = (glob: string): boolean => {
  const parts = glob.split('/');
  return (
    parts.every((part, index) => part !== '**' || parts[index - 1] !== '**') &&
    // There `a/**` matches "a" itself, as here, but `*/**` does not.
    (parts.at(-1) !== '**' || !parts.at(-2)?.endsWith('*'))
  );
};
const spread = path.filter(({ globs }) => globs.length <= 64 && globs.every(isPlain));

// picomatch does not take alternatives apart: `**` is never no segment in its braces. So it gets each of them alone.
it('a glob matches what picomatch says of each of its alternatives', () => {
  let matched = 0;
  let withBraces = 0;
  fc.assert(
    fc.property(spread, fc.array(name, { minLength: 8, maxLength: 8 }), ({ glob, globs }, names) => {
      const [ours, theirs] = [compileGlob(glob), picomatch([...globs], { dot: true })];
      const right = names.filter((each) => theirs(each));
      expect(names.filter(ours), glob).toEqual(right);
      matched += right.length;
      if (globs.length > 1 && right.length > 0 && right.length < names.length) withBraces++;
    }),
    { numRuns: 1000, seed: 1 },
  );
  // The property is of globs that match something.
  expect(matched).toBeGreaterThan(300);
  expect(withBraces).toBeGreaterThan(50);
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
  ['{**/weight,bias}', ['a/b/weight', 'weight', 'bias'], ['a/bias', 'my_weight']],
  ['{a/**,b}', ['a', 'a/x/y', 'b'], ['b/x', 'ab']],
  ['{**,b}', ['a/b', 'c'], []],
  ['a{/**,b}', ['a', 'a/x/y', 'ab'], ['b', 'abc']],
  ['{**/,}w', ['w', 'a/b/w'], ['aw']],
  ['{,x/}{*,**/y}', ['a', 'x/a', 'y', 'x/a/y'], ['a/x', 'x/a/b']],
  ['{a/{**,b}/c,d}', ['a/c', 'a/x/y/c', 'd'], ['a', 'c']],
  ['{[,}],b}/\\{\\,\\}', [',/{,}', '}/{,}', 'b/{,}'], ['a/{,}', 'b/x']],
  ['\\!{!a,b}', ['!!a', '!b'], ['b', '!a']],
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
  ['{{a,b}}', '"{" and "}" enclose alternatives, as in {weight,bias}'],
  ['{!a,b}', '"!" excludes nothing: use { not: ... }'],
  ['{a,b}'.repeat(11), 'its alternatives come to over 1024 globs'],
  ['{a,b', 'a "{" is not closed; write "\\{" for the character'],
  ['a},b', 'a "}" closes nothing; write "\\}" for the character'],
  ['layer[0', '"[" stands alone in it; write "\\[" for the character'],
  ['@(a|b)', '"(" stands alone in it; write "\\(" for the character'],
  ['a\\', '"\\" stands alone in it; write "\\\\" for the character'],
  ['block_[9-0]', 'a range in it ends before it begins'],
])('the glob %j is refused', (pattern, message) => {
  expect(() => compileGlob(pattern as string)).toThrow(message);
});
