import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleSize } from '../bundle-sizes/bundle-size.ts';
import { measuredPrograms } from '../bundle-sizes/measured-programs.ts';
import { measured, oversized, sizeTable } from '../bundle-sizes/size-report.ts';
import { repositoryRoot } from './readme-blocks.ts';

// Random bytes in base64 have six bits in each character, and no compressor makes them smaller than three quarters.
const random = (bytes: number): string => randomBytes(bytes).toString('base64');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-sizes-'));
  writeFileSync(join(folder, 'early.js'), `export const early = '${random(9000)}';`);
  writeFileSync(join(folder, 'late.js'), `export const late = '${random(30_000)}';`);
  writeFileSync(join(folder, 'unused.js'), `export const unused = '${random(50_000)}';`);
  writeFileSync(
    join(folder, 'node.js'),
    `import { cpus } from 'node:os'; export const count = cpus().length;`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

it('counts what a page fetches at the start and what it fetches later, and nothing that is left out', async () => {
  const { initial, onDemand } = await bundleSize(
    `import { early } from './early.js';
     import { unused } from './unused.js';
     import * as outside from '@tensorflow/tfjs-core';
     export const fetchLate = async () => [early, outside, (await import('./late.js')).late];`,
    folder,
  );
  // Gzip's Huffman codes cost a little more than six bits for a character.
  expect(initial).toBeGreaterThan(9000);
  expect(initial).toBeLessThan(9800);
  expect(onDemand).toBeGreaterThan(30_000);
  expect(onDemand).toBeLessThan(31_500);
});

it('refuses a program that needs a module of Node', async () => {
  await expect(bundleSize("export * from './node.js';", folder)).rejects.toThrow(
    'Could not resolve "node:os"',
  );
});

it('names what is larger than its limit', () => {
  const sizes = [
    { title: 'small', initial: 2000, onDemand: 0, limit: 2 },
    { title: 'large', initial: 2060, onDemand: 500, limit: 2 },
  ];
  expect(oversized(sizes)).toEqual([expect.stringMatching(/^large is 2\.1 KB at the start and may be 2: /)]);
  expect(sizeTable(sizes).split('\n').at(-1)).toBe('| large   | 2.1             | 2     | 0.5          |');
});

it('measures every package that runs in browsers', () => {
  // What the compiler for browsers is given, the kernels, which ask where they are, and what has an entry of its own; but not what
  // comes with another package alone.
  const packages = readdirSync(join(repositoryRoot, 'packages')).filter(
    (name) =>
      !name.startsWith('optim-') &&
      !['training-kernels', 'run-files', 'statistics'].includes(name) &&
      (readFileSync(join(repositoryRoot, 'tsconfig.browser.json'), 'utf8').includes(
        `packages/${name}/src"`,
      ) ||
        /-kernels$|^registry$/.test(name) ||
        readdirSync(join(repositoryRoot, 'packages', name, 'src')).includes('browser.ts')),
  );
  const code = measuredPrograms.map((program) => program.code).join('\n');
  expect(packages.filter((name) => !code.includes(`@steepest/${name}`))).toEqual([]);
});

it('an optimizer is within its limit, without the compilers', async () => {
  const lion = await measured(measuredPrograms[0]!, repositoryRoot);
  expect(oversized([lion])).toEqual([]);
});
