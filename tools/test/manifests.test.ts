import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from './readme-blocks.ts';

const read = (...path: string[]) => readFileSync(join(repositoryRoot, ...path), 'utf8');
const packages = readdirSync(join(repositoryRoot, 'packages'))
  .map((folder) => ({ folder, manifest: JSON.parse(read('packages', folder, 'package.json')) }))
  .filter(({ manifest }) => manifest.private !== true);

// What npm's page of a package shows, and what the license asks of every copy.
describe.each(packages)('packages/$folder', ({ folder, manifest }) => {
  it('comes with the license of the project', () => {
    expect(read('packages', folder, 'LICENSE')).toBe(read('LICENSE'));
    expect(manifest.license).toBe('MIT');
  });

  it('says what it is, where it lives and whom to tell of a bug', () => {
    const { homepage, bugs, author, repository, description, keywords, engines, publishConfig } = manifest;
    expect({ homepage, bugs, author, repository, engines, publishConfig }).toEqual({
      homepage: `https://github.com/steepest-js/steepest/tree/main/packages/${folder}#readme`,
      bugs: { url: 'https://github.com/steepest-js/steepest/issues' },
      author: 'The Steepest authors (https://github.com/steepest-js)',
      repository: {
        type: 'git',
        url: 'git+https://github.com/steepest-js/steepest.git',
        directory: `packages/${folder}`,
      },
      engines: { node: '>=20.19.0' },
      publishConfig: { access: 'public' },
    });
    expect(description.length).toBeGreaterThan(20);
    expect(keywords).toEqual(expect.arrayContaining(['tensorflow.js', 'tfjs']));
    expect(new Set(keywords).size).toBe(keywords.length);
  });
});

// What a bundler must keep although nothing of it is used: what tells tfjs or another package that it is there, and programs.
describe.each(packages)('a bundler, of packages/$folder,', ({ folder, manifest }) => {
  const entries = ['./dist/index.cjs', './dist/index.js', './src/index.ts'];
  const alone: Readonly<Record<string, readonly string[]>> = {
    cli: ['./dist/main.js', './src/main.ts'],
    experiments: ['./dist/*-process.js', './src/*-process.ts'],
    // A schedule that was saved becomes one again by what its package leaves behind.
    'lr-schedules': [...entries, './src/description.ts'],
    optimizer: [...entries, './dist/wasm.js', './dist/webgpu.js', './src/wasm.ts', './src/webgpu.ts'],
    // So does an optimizer made of several.
    'param-groups': [...entries, './src/combine.ts'],
    tensorflow: ['./dist/probe-process.cjs', './dist/probe-process.js', './src/install/probe-process.ts'],
    'wasm-kernels': entries,
    'webgpu-kernels': entries,
  };
  // tfjs loads the optimizer of a saved model by a class that its package has registered.
  const kept = folder.startsWith('optim-') ? entries : (alone[folder] ?? []);

  it(kept.length === 0 ? 'leaves out what is not used' : 'keeps what acts when it is imported', () => {
    expect(manifest.sideEffects === false ? [] : [...manifest.sideEffects].sort()).toEqual([...kept].sort());
  });

  const sources = readdirSync(join(repositoryRoot, 'packages', folder, 'src'), { recursive: true })
    .map((file) => `./src/${String(file).replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts'));

  it('is told of files that there are', () => {
    for (const named of [manifest.sideEffects || []].flat()) {
      // What is built is called as the file that it is built from, in whatever folder that is.
      const file = named.replace(/^\.\/dist\/(.*)\.c?js$/, '*/$1.ts');
      const pattern = new RegExp(
        `^${file
          .replaceAll('.', '\\.')
          .replace(/^\*/, '.*')
          .replaceAll(/(?<=\/)\*/g, '[^/]*')}$`,
      );
      expect(
        sources.filter((source) => pattern.test(source)),
        named,
      ).not.toEqual([]);
    }
  });

  it('is told of every file that registers something', () => {
    const registers =
      /^(?:[\w.]+\.)?(?:registerClass|registerKernels|installKernels)\(|\boptimizerClass\(\w/m;
    // The function that makes classes is itself in the engine.
    const found = sources.filter(
      (file) => folder !== 'optimizer' && registers.test(read('packages', folder, file)),
    );
    expect(kept).toEqual(expect.arrayContaining(found));
  });
});

describe.each(readdirSync(join(repositoryRoot, '.github', 'workflows')))('the workflow %s', (file) => {
  const text = read('.github', 'workflows', file);

  it('uses actions at a commit, with the version that it is', () => {
    const uses = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action!);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('has no permission but those that a job asks for', () => {
    expect(text).toMatch(/^permissions: \{\}$/m);
    expect(text).not.toMatch(/write-all|read-all/);
  });
});
