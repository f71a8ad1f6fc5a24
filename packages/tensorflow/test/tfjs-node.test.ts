import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTarGzip } from 'nanotar';
import { describe, expect, it } from 'vitest';
import { unpackTfjsNode } from '../src/install/tfjs-node.ts';
import { commonJsLoader } from '../src/load/common-js.ts';
import { useTemporaryFolder } from './temporary-folder.ts';

const folder = useTemporaryFolder();

describe('the files of tfjs-node', () => {
  const names = [
    'dist/index.js',
    'dist/kernels/Abs.js',
    'dist/index_test.js',
    'binding/utils.h',
    'scripts/install.js',
  ];

  it('are its kernels and the source of the addon, and never its install script', async () => {
    const tarball = await createTarGzip(names.map((name) => ({ name: `package/${name}`, data: name })));
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    await unpackTfjsNode(tarball, folder.path, integrity);
    expect(readFileSync(join(folder.path, 'dist/kernels/Abs.js'), 'utf8')).toBe('dist/kernels/Abs.js');
    expect(existsSync(join(folder.path, 'binding/utils.h'))).toBe(true);
    expect(readdirSync(folder.path).sort()).toEqual(['binding', 'dist']);
    expect(readdirSync(join(folder.path, 'dist')).sort()).toEqual(['index.js', 'kernels']);
  });

  it('must be those that were published', async () => {
    const tarball = await createTarGzip([{ name: 'package/dist/index.js', data: 'changed' }]);
    await expect(unpackTfjsNode(tarball, folder.path)).rejects.toThrow(
      /another @tensorflow\/tfjs-node 4\.22\.0/,
    );
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

describe('loading CommonJS', () => {
  it('gives packages and files that are named, and loads the rest of the folder once', () => {
    folder.write(
      'dist/main.js',
      `exports.parts = [require('given'), require('./part'), require('./part.js'), require('./proto/api')];`,
    );
    folder.write('dist/part/index.js', 'module.exports = { once: {} };');
    folder.write(
      'dist/part.js',
      `exports.name = require('path').basename(__filename); exports.self = this === exports;`,
    );
    folder.write('dist/proto/api.js', `throw new Error('not to be loaded');`);
    const given = {
      given: 'the given',
      path: { basename: () => 'part' },
      'dist/proto/api.js': 'no protocol',
    };
    const { parts } = commonJsLoader(folder.path, given)('dist/main.js') as { parts: unknown[] };
    expect(parts).toEqual([
      'the given',
      { name: 'part', self: true },
      { name: 'part', self: true },
      'no protocol',
    ]);
    expect(parts[1]).toBe(parts[2]);
  });

  it('lets files of a cycle see what there is of each other', () => {
    folder.write('a.js', `exports.early = 1; exports.late = require('./b').seen;`);
    folder.write('b.js', `exports.seen = require('./a').early;`);
    expect(commonJsLoader(folder.path, {})('a')).toEqual({ early: 1, late: 1 });
  });

  it('refuses a package that it is not given', () => {
    const file = folder.write('a.js', `require('@tensorflow/tfjs-core')`);
    expect(() => commonJsLoader(folder.path, {})('a.js')).toThrow(
      `${file} asks for "@tensorflow/tfjs-core", which it is not given`,
    );
  });
});
