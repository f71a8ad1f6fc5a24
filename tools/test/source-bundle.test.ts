import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundledSources } from '../source-bundle/source-bundle.ts';
import { repositoryRoot } from './readme-blocks.ts';

let root: string;

function write(file: string, text: string): void {
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A package with one export, whose source is linked among the installed packages. */
function writePackage(name: string, source: string): void {
  const exports = { '.': { '@steepest/source': './src/index.ts', default: './dist/index.js' } };
  write(
    `packages/${name}/package.json`,
    JSON.stringify({ name: `@steepest/${name}`, type: 'module', exports }),
  );
  write(`packages/${name}/src/index.ts`, source);
  symlinkSync(join(root, 'packages', name), join(root, 'node_modules/@steepest', name), 'junction');
}

async function printed(file: string): Promise<unknown> {
  const flags = await bundledSources(root);
  return JSON.parse(
    execFileSync(process.execPath, [...flags, join(root, file)], { cwd: root, encoding: 'utf8' }),
  );
}

const counter = (text: string) => `
export const text: string = ${JSON.stringify(text)};
export const address: string = import.meta.url;
let count = 0;
export const next = (): number => ++count;`;

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'steepest-bundle-')));
  write('package-lock.json', '{}');
  write(
    'node_modules/installed/package.json',
    '{ "name": "installed", "type": "module", "exports": "./main.js" }',
  );
  write('node_modules/installed/main.js', 'export const installed = import.meta.url;');
  mkdirSync(join(root, 'node_modules/@steepest'));
  writePackage('counter', counter('first'));
  writePackage(
    'program',
    `import { next } from '@steepest/counter'; export const twice = (): number => next() + next();`,
  );
  write(
    'packages/program/src/main.ts',
    `import { address, next, text } from '@steepest/counter';
import { installed } from 'installed';
import { twice } from './index.ts';
const flags: string = import.meta.resolve('tsx');
console.log(JSON.stringify({ text, address, own: import.meta.url, installed, flags, twice: twice(), next: next() }));`,
  );
  write(
    'block.mjs',
    `import { next } from '@steepest/counter';
import { twice } from '@steepest/program';
console.log(JSON.stringify([next(), twice()]));`,
  );
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

it('runs a program as from its sources: modules know their addresses, exist once, and find what is installed', async () => {
  const addressOf = (file: string) => pathToFileURL(join(root, file)).href;
  expect(await printed('packages/program/src/main.ts')).toEqual({
    text: 'first',
    address: addressOf('packages/counter/src/index.ts'),
    own: addressOf('packages/program/src/main.ts'),
    installed: addressOf('node_modules/installed/main.js'),
    // What it starts in turn runs from the same bundle.
    flags: (await bundledSources(root)).at(-1),
    twice: 3,
    next: 3,
  });
  // A file that is no source imports the same modules as packages do.
  expect(await printed('block.mjs')).toEqual([1, 5]);
});

it('is made anew when a source has changed', async () => {
  const before = await bundledSources(root);
  expect(await bundledSources(root)).toEqual(before);
  write('packages/counter/src/index.ts', counter('second'));
  expect(await bundledSources(root)).not.toEqual(before);
  expect(await printed('packages/program/src/main.ts')).toMatchObject({ text: 'second' });
});

it('imports TensorFlow.js as Node does: the same names, of the one module that others require', async () => {
  const flags = await bundledSources();
  const program = `
import { createRequire } from 'node:module';
const names = ['tfjs', 'tfjs-core', 'tfjs-layers', 'tfjs-backend-cpu', 'tfjs-backend-wasm'];
const require = createRequire(import.meta.url);
const entries = names.map(async (name) => {
  const imported = await import('@tensorflow/' + name);
  const required = require('@tensorflow/' + name);
  if (imported.default !== required) throw new Error(name + ' is there twice');
  for (const key of Object.keys(imported)) {
    if (key !== 'default' && imported[key] !== required[key]) throw new Error(name + '.' + key + ' is another');
  }
  return [name, Object.keys(imported).filter((key) => key !== '__esModule' && key !== 'module.exports').sort()];
});
console.log(JSON.stringify(await Promise.all(entries)));`;
  const folder = mkdtempSync(join(repositoryRoot, 'node_modules', '.cache', 'imports-'));
  const file = join(folder, 'main.mjs');
  writeFileSync(file, program);
  try {
    const run = (...given: string[]) =>
      JSON.parse(execFileSync(process.execPath, [...given, file], { encoding: 'utf8' }));
    expect(run(...flags)).toEqual(run());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
