import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Operations that bind each of their tensors to a buffer of its own. */
const manyInputs = /\btf\s*\.\s*(addN|concat\w*|stack|einsum)\s*\(\s*(?!\[(?:(?!\.\.\.)[^\]])*\])[^)]{0,60}/g;

/** Calls whose tensors are not written out one by one. */
function unboundedCalls(source: string): string[] {
  return [...source.matchAll(manyInputs)].map(([call]) => call.replace(/\s+/g, ' '));
}

it.each([
  ['tf.addN(gradients)', 1],
  ['tf.concat([...rows, last])', 1],
  ['tf.stack(rows.map((row) => row), 1)', 1],
  ['tf.stack([a, b], 1)', 0],
  ['tf.concat([a,\n b])', 0],
])('the search finds %s: %d', (source, count) => {
  expect(unboundedCalls(source)).toHaveLength(count);
});

/** The source files of the packages in a folder. */
function sourcesBelow(folder: string): string[] {
  const sources = readdirSync(`${root}${folder}`).map((name) => `${folder}/${name}/src`);
  return sources
    .filter((source) => existsSync(root + source))
    .flatMap((source) =>
      readdirSync(root + source, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => `${source}/${file}`),
    );
}

// WebGPU promises eight storage buffers to a shader, and tfjs-backend-webgpu 4.22 reads stale memory beyond.
it('no operation of tfjs takes a list of tensors of any length', () => {
  // The one that the others call joins a few at a time on a device.
  const joining = 'packages/optimizer/src/interpreters/concatenated.ts';
  const files = [...sourcesBelow('packages'), ...sourcesBelow('benchmarks')].filter(
    (file) => file !== joining,
  );
  expect(files.length).toBeGreaterThan(100);
  const found = files.flatMap((file) =>
    unboundedCalls(readFileSync(`${root}${file}`, 'utf8')).map((call) => `${file}: ${call}`),
  );
  expect(found).toEqual([]);
});
