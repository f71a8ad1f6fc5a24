import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyRecorder, createOptimizerPackage } from '../src/new-optimizer/create-package.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

let folder = '';

beforeEach(() => {
  // Bare imports of a package made here resolve to those of the repository.
  const cache = join(repository, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, 'new-optimizer-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

async function inNode(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: join(folder, 'optim-slow-lion'),
  });
  return stdout;
}

/** A title and a paper with what is hard to quote. */
const awkward = {
  title: `O'Neil's "Slow" Lion \\ 2`,
  authors: "O'Neil",
  year: '1999',
  paperTitle: 'Gradients aren\'t "free"',
  source: 'doi 10.1000/o',
};

describe('a package made outside the repository', () => {
  const make = () =>
    createOptimizerPackage('slow-lion', { package: '@me/optim-slow-lion', ...awkward }, folder);

  it('has everything it needs to be tested and built', () => {
    const made = make();
    expect(made).toMatchObject({ name: 'slow-lion', ClassName: 'SlowLion', folder: 'optim-slow-lion' });
    const files = readdirSync(join(folder, 'optim-slow-lion'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => /\./.test(file)).sort()).toEqual([
      'README.md',
      'package.json',
      'reference/torch_trajectories.py',
      'src/index.ts',
      'src/slow-lion-rule.ts',
      'test/conformance.test.ts',
      'test/slow-lion-reference.ts',
      'tsconfig.json',
      'tsup.config.ts',
      'vitest.config.ts',
    ]);
    for (const file of files.filter((name) => /\./.test(name))) {
      expect(made.files).toContain(file.replaceAll('\\', '/'));
      if (!file.endsWith('.py')) expect(read(`optim-slow-lion/${file}`)).not.toMatch(/__[a-zA-Z]+__/);
    }
    expect(JSON.parse(read('optim-slow-lion/package.json'))).toMatchObject({
      name: '@me/optim-slow-lion',
      dependencies: { '@steepest/optimizer': manifest.dependencies['@steepest/optimizer'] },
      devDependencies: { '@steepest/optimizer-testing': `^${manifest.version}` },
    });
    expect(read('optim-slow-lion/vitest.config.ts')).toContain('testTimeout');
  });

  it('is registered with tfjs under the name of the package, and equals its reference', async () => {
    make();
    const script = `
      import '@tensorflow/tfjs';
      import { conformanceChecks } from '@steepest/optimizer-testing';
      import { SlowLion } from './src/index.ts';
      import { slowLionReference } from './test/slow-lion-reference.ts';
      const checks = conformanceChecks({ optimizer: SlowLion, reference: slowLionReference });
      const chosen = checks.filter(({ kind }) => kind === 'reference' || kind === 'capabilities');
      for (const check of chosen) await check.run();
      const { title, paper } = new SlowLion().describe();
      console.log(JSON.stringify({ className: SlowLion.className, title, paper, ran: chosen.length > 5 }));`;
    writeFileSync(join(folder, 'optim-slow-lion', 'check.ts'), script);
    const stdout = await inNode(
      '--conditions=@steepest/source',
      '--import',
      import.meta.resolve('tsx'),
      'check.ts',
    );
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({
      className: 'MeOptimSlowLion',
      title: awkward.title,
      paper: { authors: "O'Neil", year: 1999, title: 'Gradients aren\'t "free"', source: 'doi 10.1000/o' },
      ran: true,
    });
  });

  it('type checks', async () => {
    make();
    const tsc = join(repository, 'node_modules/typescript/bin/tsc');
    await inNode(tsc, '-p', '.', '--customConditions', '@steepest/source', '--types', 'node');
  });

  it('is never written over', () => {
    make();
    writeFileSync(join(folder, 'optim-slow-lion', 'README.md'), 'mine');
    expect(make).toThrow('exists already; nothing was changed');
    expect(read('optim-slow-lion/README.md')).toBe('mine');
  });

  it('is called steepest-optim-<name> unless it is given a name', () => {
    createOptimizerPackage('slow-lion', {}, folder);
    expect(JSON.parse(read('steepest-optim-slow-lion/package.json')).name).toBe('steepest-optim-slow-lion');
    expect(read('steepest-optim-slow-lion/src/index.ts')).toContain("'SteepestOptimSlowLion'");
  });
});

it('the recorder of PyTorch runs is copied, and never over a file', () => {
  const path = copyRecorder(join(folder, 'reference'));
  expect(path).toBe(join(folder, 'reference', 'torch_trajectories.py'));
  const shipped = readFileSync(new URL('../python/torch_trajectories.py', import.meta.url), 'utf8');
  expect(read('reference/torch_trajectories.py')).toBe(shipped);
  expect(() => copyRecorder(join(folder, 'reference'))).toThrow('exists already; nothing was changed');
});

it.each([
  ['Slow_Lion', {}, 'did you mean "slow-lion"?'],
  ['slow-lion', { package: 'Slow Lion' }, '--package must be a name of npm such as "@me/optim-yogi"'],
  ['slow-lion', { package: '../lion' }, '--package must be a name of npm'],
  ['slow-lion', { class: 'lion' }, 'the class name must be a capital letter'],
  ['slow-lion', { year: '1999' }, 'a paper is given whole or not at all; missing: --authors'],
])('%s %j is refused, and nothing is written', (name, options, message) => {
  expect(() => createOptimizerPackage(name, options, folder)).toThrow(message);
  expect(readdirSync(folder)).toEqual([]);
});

it('the package that is published has what is copied', () => {
  expect(manifest.files).toEqual(expect.arrayContaining(['dist', 'template', 'python']));
});
