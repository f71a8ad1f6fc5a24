import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importsOf } from '../docs/import-map.ts';
import { optimizerPackages } from '../docs/optimizer-packages.ts';
import { everyImport, pageWithAddresses, pageWithImportMap } from '../docs/pages-without-bundler.ts';
import { readInRepository, repositoryRoot } from './readme-blocks.ts';

describe('an import map', () => {
  let repository: string;
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(repository, file)), { recursive: true });
    writeFileSync(join(repository, file), text);
  };
  const install = (name: string, manifest: object, files: Readonly<Record<string, string>>) => {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, ...manifest }));
    for (const [file, text] of Object.entries(files)) write(`node_modules/${name}/${file}`, text);
  };
  const mapOf = (...names: string[]) =>
    importsOf(names.map((name) => `import '${name}';`).join('\n'), repository);
  const cdn = 'https://cdn.jsdelivr.net/npm/';

  beforeAll(() => {
    repository = mkdtempSync(join(tmpdir(), 'steepest-import-map-'));
    install(
      '@acme/modules',
      { version: '1.2.3', type: 'module', exports: { '.': { browser: './b.js', default: './n.js' } } },
      { 'b.js': "import './inner.js'; import('later');", 'inner.js': 'export default 1;', 'n.js': '' },
    );
    install(
      'later',
      { version: '2.0.0', module: './esm/later.js' },
      { 'esm/later.js': 'export const x = 1;' },
    );
    install(
      'common',
      { version: '3.0.0', main: './index.js' },
      { 'index.js': "exports.x = require('later');" },
    );
    install(
      'wrapped',
      { version: '4.0.0', exports: './wrapped.mjs' },
      { 'wrapped.mjs': "import './inner.js';", 'inner.js': 'module.exports = 1;' },
    );
    install(
      'unfinished',
      { version: '5.0.0', module: './index.js', sideEffects: true },
      { 'index.js': "import './inner';", 'inner.js': 'export default 1; console.log(1);' },
    );
    install(
      'partly-of-node',
      { version: '7.0.0', module: './index.js', browser: { fs: false } },
      { 'index.js': "import fs from 'fs'; console.log(fs);" },
    );
    install(
      'of-node',
      { version: '6.0.0', type: 'module', main: './index.js' },
      { 'index.js': "import 'node:fs';" },
    );
    install('@tensorflow/tfjs', { version: '4.22.0' }, {});
    install('@tensorflow/tfjs-backend-wasm', { version: '4.22.0' }, {});
  });
  afterAll(() => rmSync(repository, { recursive: true }));

  it('names the file for browsers of each package, also of those that a package imports later', async () => {
    expect(await mapOf('@acme/modules')).toEqual({
      '@acme/modules': `${cdn}@acme/modules@1.2.3/b.js`,
      later: `${cdn}later@2.0.0/esm/later.js`,
    });
  });

  it.each([
    ['CommonJS', 'common', '3.0.0'],
    ['modules that import CommonJS', 'wrapped', '4.0.0'],
    ['modules that import others without extensions', 'unfinished', '5.0.0'],
    ['modules that import one of Node, empty in browsers', 'partly-of-node', '7.0.0'],
  ])('has the CDN make one module of %s', async (_, name, version) => {
    expect(await mapOf(name)).toEqual({ [name]: `${cdn}${name}@${version}/+esm` });
  });

  it('has one file of tfjs for its engine, and nothing of Node for its backend wasm', async () => {
    const imports = await mapOf('@tensorflow/tfjs', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm');
    const whole = `${cdn}@tensorflow/tfjs@4.22.0/dist/tf.fesm.min.js`;
    const empty = 'data:text/javascript,export default {}';
    expect(imports).toEqual({
      '@tensorflow/tfjs': whole,
      '@tensorflow/tfjs-core': whole,
      '@tensorflow/tfjs-backend-wasm': `${cdn}@tensorflow/tfjs-backend-wasm@4.22.0/dist/tf-backend-wasm.fesm.min.js`,
      ...{ fs: empty, os: empty, path: empty, perf_hooks: empty },
    });
  });

  it('refuses what needs a module of Node', async () => {
    await expect(mapOf('of-node')).rejects.toThrow('node:fs');
  });
});

describe('the pages for those without a bundler', () => {
  it('are what the manifests make (else: npm run docs)', async () => {
    const optimizers = (await optimizerPackages(repositoryRoot)).map(({ name }) => name);
    const browsers = readInRepository('docs/browsers.md');
    expect(browsers).toContain(await everyImport(optimizers, repositoryRoot));
    expect(browsers).toContain(pageWithAddresses(repositoryRoot));
    expect(readInRepository('docs/getting-started.md')).toContain(await pageWithImportMap(repositoryRoot));
  });
});
