import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Lion } from '@steepest/optim-lion';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listOptimizers, optimizerByName } from '../src/index.ts';
import { loadInstalledOptimizers } from '../src/node.ts';
import { createWorkspace, descent, holding, type Workspace } from './workspace.ts';

const program = fileURLToPath(new URL('load-process.ts', import.meta.url));

let workspace: Workspace;
beforeEach(() => {
  workspace = createWorkspace();
});
afterEach(() => workspace.remove());

interface Loaded {
  readonly loaded: { name: string; version: string; folder: string; optimizers: string[] }[];
  readonly failed: { name: string; folder: string; reason: string }[];
  readonly conflicts: { name: string; packages: string[] }[];
  readonly names: string[];
  readonly created: string[];
}

/** Loads what is installed around a folder of the workspace in a Node process, then makes the optimizers named. */
async function load(from: string, ...names: string[]): Promise<Loaded> {
  const node = ['--conditions=@steepest/source', '--import', import.meta.resolve('tsx'), program];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...node,
    join(workspace.folder, from),
    ...names,
  ]);
  return JSON.parse(stdout) as Loaded;
}

describe('the installed optimizers', () => {
  it('are those of packages with the keyword: scoped, unscoped or linked, in any node_modules above', async () => {
    workspace.write('node_modules/acme-tiger', holding('acme-tiger'), descent('tiger', 'Tiger'));
    workspace.write('node_modules/@acme/puma', holding('@acme/puma'), descent('puma', 'Puma'));
    workspace.write('packages/lynx', holding('lynx'), descent('lynx', 'Lynx'));
    workspace.link('app/node_modules/lynx', 'packages/lynx');
    workspace.write('node_modules/unrelated', { name: 'unrelated' }, 'throw new Error("imported");');
    const found = await load('app/src', 'tiger', 'puma', 'lynx');
    expect(found.failed).toEqual([]);
    expect(found.loaded).toEqual([
      {
        name: '@acme/puma',
        version: '1.2.3',
        folder: join(workspace.folder, 'node_modules/@acme/puma'),
        optimizers: ['puma'],
      },
      {
        name: 'acme-tiger',
        version: '1.2.3',
        folder: join(workspace.folder, 'node_modules/acme-tiger'),
        optimizers: ['tiger'],
      },
      {
        name: 'lynx',
        version: '1.2.3',
        folder: join(workspace.folder, 'packages/lynx'),
        optimizers: ['lynx'],
      },
    ]);
    expect(found.names).toEqual(['lynx', 'puma', 'tiger']);
    expect(found.created).toEqual(['Tiger', 'Puma', 'Lynx']);
  });

  it('are not those of packages that only mention the keyword', async () => {
    const mentions = { name: 'reader', description: 'finds every steepest-optimizer' };
    workspace.write('node_modules/reader', mentions, 'throw new Error("imported");');
    expect(await load('.')).toEqual({ loaded: [], failed: [], conflicts: [], names: [], created: [] });
  });

  it('come from the nearest of two packages of one name', async () => {
    workspace.write('node_modules/tiger', holding('tiger'), descent('tiger', 'OuterTiger'));
    workspace.write('app/node_modules/tiger', holding('tiger'), descent('tiger', 'InnerTiger'));
    expect((await load('app', 'tiger')).created).toEqual(['InnerTiger']);
    expect((await load('.', 'tiger')).created).toEqual(['OuterTiger']);
  });

  it('may be written in CommonJS', async () => {
    const manifest = { ...holding('tiger'), type: 'commonjs' };
    workspace.write('node_modules/tiger', manifest, descent('tiger', 'Tiger', 'commonjs'));
    const found = await load('.', 'tiger');
    expect(found.failed).toEqual([]);
    expect(found.created).toEqual(['Tiger']);
  });

  it('fail one by one, each with its reason, which an unknown name repeats', async () => {
    workspace.write('node_modules/a-fails', holding('a-fails'), 'throw new Error("no key");');
    workspace.write('node_modules/b-empty', holding('b-empty'), 'export const optimizers = [];');
    workspace.write('node_modules/c-lost', { ...holding('c-lost'), exports: './dist/index.js' }, '');
    workspace.write('node_modules/tiger', holding('tiger'), descent('tiger', 'Tiger'));
    const found = await load('.', 'tiger', 'tigger');
    expect(found.loaded.map(({ name }) => name)).toEqual(['tiger']);
    expect(found.failed.map(({ name }) => name)).toEqual(['a-fails', 'b-empty', 'c-lost']);
    const [fails, empty, lost] = found.failed;
    expect(fails!.folder).toBe(join(workspace.folder, 'node_modules/a-fails'));
    expect(fails!.reason).toBe('no key');
    expect(empty!.reason).toBe(
      'it has the keyword steepest-optimizer, but its entry exports no optimizer class',
    );
    expect(lost!.reason).toContain(join('c-lost', 'dist', 'index.js'));
    expect(found.created[0]).toBe('Tiger');
    expect(found.created[1]).toContain(
      'no optimizer is called "tigger"; did you mean "tiger"? Known optimizers: tiger (packages found: tiger)' +
        '; a-fails could not be loaded: no key; b-empty could not be loaded: it has the keyword',
    );
  });

  it('may be none, and an unknown name says what to do', async () => {
    expect((await load('.', 'lion')).created).toEqual([
      'unknown optimizer "lion": no optimizer package has been imported; import its package, such as @steepest/optim-lion, ' +
        'or in Node await loadInstalledOptimizers() of @steepest/registry/node',
    ]);
  });
});

describe('a name that two packages claim', () => {
  it('is an error that names both, and leaves their other names alone', async () => {
    workspace.write('node_modules/acme-tiger', holding('acme-tiger'), descent('tiger', 'Tiger'));
    const both = `${descent('lynx', 'Lynx')}${descent('tiger', 'Tiger').replace(/^import.*$/m, '')}`;
    workspace.write('node_modules/cats', holding('cats'), both);
    const found = await load('.', 'tiger', 'lynx');
    expect(found.conflicts).toEqual([{ name: 'tiger', packages: ['acme-tiger', 'cats'] }]);
    expect(found.created).toEqual([
      '"tiger" is the name of 2 optimizers: of acme-tiger and of cats; remove all but one, ' +
        'or import the class you mean from its package',
      'Lynx',
    ]);
  });

  it('is no conflict where one only exports again what the other made', async () => {
    workspace.write('node_modules/tiger', holding('tiger'), descent('tiger', 'Tiger'));
    workspace.write('node_modules/cats', holding('cats'), "export * from 'tiger';");
    const found = await load('.', 'tiger');
    expect(found.conflicts).toEqual([]);
    expect(found.created).toEqual(['Tiger']);
  });
});

describe('in this repository', () => {
  const packages = fileURLToPath(new URL('../../', import.meta.url));
  const manifest = (folder: string) =>
    JSON.parse(readFileSync(join(packages, folder, 'package.json'), 'utf8')) as {
      name: string;
      keywords?: string[];
    };

  it('every optimizer package is found', async () => {
    const own = readdirSync(packages).filter((folder) => folder.startsWith('optim-'));
    const { loaded, failed, conflicts } = await loadInstalledOptimizers({
      from: packages,
      conditions: ['@steepest/source'],
    });
    expect(failed).toEqual([]);
    expect(conflicts).toEqual([]);
    expect(loaded.map(({ name }) => name)).toEqual(own.map((folder) => manifest(folder).name).sort());
  });

  it('a class is the one that its package exports', async () => {
    await loadInstalledOptimizers({ from: packages, conditions: ['@steepest/source'] });
    expect(optimizerByName('lion')).toBe(Lion);
    expect(listOptimizers('ad*')).toEqual(expect.arrayContaining(['adafactor', 'adalayer', 'adam', 'adamw']));
  });
});
