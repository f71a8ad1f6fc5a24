import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, readInRepository } from './readme-blocks.ts';
import { RepositoryCopy } from './repository-copy.ts';
import { followWalkthrough } from './walkthrough.ts';

/** A name, title and paper with what is hard to quote and to break into lines. */
const awkward = {
  name: 'carefully-averaged-momentum-2',
  options: [
    ['--title', `O'Neil's "Careful" Momentum \\ 2`],
    ['--authors', "O'Neil and d'Alembert"],
    ['--year', '1999'],
    ['--paper-title', `Gradients aren't "free": A \\ of Sorts`],
    ['--source', 'doi 10.1000/o'],
  ].flat(),
};
const folders = [`optim-${awkward.name}`, 'optim-ada-belief'];

let copy: RepositoryCopy;
let printed: string;
/** The README of the repository after the command and nothing else. */
let tableOfOptimizers: string;

beforeAll(async () => {
  copy = new RepositoryCopy();
  printed = await copy.runNpm('new:optimizer', [awkward.name, ...awkward.options]);
  tableOfOptimizers = readFileSync(copy.path('README.md'), 'utf8');
  await followWalkthrough(copy);
});
afterAll(() => copy?.dispose());

describe('npm run new:optimizer makes a package that', () => {
  it('has the files of every optimizer package, and says what to do next', () => {
    const files = readdirSync(copy.path('packages', folders[0]!), { recursive: true, encoding: 'utf8' });
    expect(files.sort()).toEqual([
      'LICENSE',
      'README.md',
      'package.json',
      'src',
      `src/${awkward.name}-rule.ts`,
      'src/index.ts',
      'src/options.ts',
      'test',
      `test/${awkward.name}-reference.ts`,
      'test/conformance.test.ts',
      'tsconfig.json',
      'tsup.config.ts',
    ]);
    const written = files.filter((name) => name.includes('.') && name !== 'src/options.ts');
    for (const file of written) expect(printed).toContain(file);
    expect(printed).toContain('npm install');
  });

  it('has the manifest of every optimizer package', () => {
    const manifest = (text: string) => JSON.parse(text) as Record<string, unknown>;
    const made = manifest(readFileSync(copy.path('packages', folders[0]!, 'package.json'), 'utf8'));
    const lion = manifest(
      readInRepository('packages/optim-lion/package.json').replaceAll('optim-lion', folders[0]!),
    );
    const { version: _, description, ...expected } = lion;
    expect(made).toEqual({ ...expected, version: '0.0.0', description: made.description });
    expect(description).toMatch(/for TensorFlow.js$/);
    expect(made.description).toBe(`${awkward.options[1]} for TensorFlow.js`);
    expect(Object.keys(made)).toEqual(Object.keys(lion));
  });

  it('describes itself with the title and the paper that were given', async () => {
    const script = `
      import * as made from '@steepest/optim-${awkward.name}';
      const { name, title, paper } = new made.CarefullyAveragedMomentum2().describe();
      console.log(JSON.stringify({ name, title, paper }));`;
    const record = await copy.runScript('describe.ts', script);
    const [, title, , authors, , year, , paperTitle, , source] = awkward.options;
    expect(JSON.parse(record)).toEqual({
      name: awkward.name,
      title,
      paper: { authors, year: Number(year), title: paperTitle, source },
    });
  });

  it('type checks', async () => {
    const project = {
      extends: './tsconfig.base.json',
      include: folders.map((folder) => `packages/${folder}`),
    };
    writeFileSync(copy.path('tsconfig.made.json'), JSON.stringify(project));
    await copy.run(process.execPath, [
      'node_modules/typescript/bin/tsc',
      '--noEmit',
      '-p',
      'tsconfig.made.json',
    ]);
  });

  it('lints, and so does its changeset', async () => {
    const paths = [...folders.map((folder) => `packages/${folder}`), '.changeset'];
    await copy.run(process.execPath, ['node_modules/@biomejs/biome/bin/biome', 'check', ...paths]);
    for (const folder of folders) {
      expect(readFileSync(copy.path('.changeset', `${folder}.md`), 'utf8')).toContain(
        `'@steepest/${folder}': minor`,
      );
    }
  });

  it.each([
    [folders[0]!, {}],
    [folders[1]!, { RECORD_STATES: '1' }],
  ])('passes the conformance suite: %s', async (folder, env) => {
    const { passed, failed, files } = await copy.runTests([`packages/${folder}`], env);
    expect(failed).toEqual([]);
    expect(files).toBe(1);
    expect(passed.length).toBeGreaterThan(100);
  });

  it('has its recorded state loaded from then on', async () => {
    const { passed, failed } = await copy.runTests(['packages/optim-ada-belief', '-t', 'state file']);
    expect(failed).toEqual([]);
    expect(passed).toHaveLength(2);
  });

  it('fails the conformance suite when its rule is made wrong', async () => {
    const path = copy.path('packages', folders[0]!, 'src', `${awkward.name}-rule.ts`);
    const rule = readFileSync(path, 'utf8');
    // Without the bias correction.
    const wrong = rule.replace('pow(beta1, step)', '0');
    expect(wrong).not.toBe(rule);
    writeFileSync(path, wrong);
    const { passed, failed } = await copy.runTests([`packages/${folders[0]}`, '-t', 'its reference']);
    writeFileSync(path, rule);
    expect(failed.length).toBeGreaterThan(0);
    expect(passed).toEqual([]);
  });

  it('builds ESM, CommonJS and types that publint and attw accept', async () => {
    const folder = `packages/${folders[0]}`;
    await copy.runNpm('build', [], { folder });
    expect(
      readdirSync(copy.path(folder, 'dist'))
        .filter((file) => !file.endsWith('.map'))
        .sort(),
    ).toEqual(['index.cjs', 'index.d.cts', 'index.d.ts', 'index.js']);
    await copy.runNpm('check:package', [], { folder });
  });

  it.each(folders)('has a README whose example runs: %s', async (folder) => {
    const file = `packages/${folder}/README.md`;
    const [block, ...others] = blocksOf(file, readFileSync(copy.path(file), 'utf8'));
    expect(others).toEqual([]);
    const code = `${block!.code}\nconst near = (await weight.data()).every((value) => Math.abs(value) < 0.1);`;
    expect(await copy.runScript('example.mjs', `${code}\nconsole.log('near 0:', near);`)).toContain(
      'near 0: true',
    );
  });

  it('is in the tables of the READMEs, its own and that of the repository', async () => {
    const ownTables = ['tools/test/option-tables.test.ts', '-t', folders.join('|')];
    const { passed, failed } = await copy.runTests(ownTables);
    expect(failed).toEqual([]);
    expect(passed).toHaveLength(4 * folders.length);
    expect(tableOfOptimizers).toMatch(
      /^\| `CarefullyAveragedMomentum2` +\| `carefully-averaged-momentum-2` +\| \[`@steepest\/optim-carefully-/m,
    );
  });

  it('says of the options that all optimizers share what every README says', () => {
    const shared = (readme: string) => readme.slice(readme.indexOf('Every numeric option'));
    const made = readFileSync(copy.path('packages/optim-ada-belief/README.md'), 'utf8');
    const lion = readInRepository('packages/optim-lion/README.md');
    expect(shared(made).replaceAll('ada-belief', 'lion')).toBe(shared(lion));
  });

  it('is in the registry', async () => {
    const script = `
      import { createOptimizer, listOptimizers } from '@steepest/registry';
      import { loadInstalledOptimizers } from '@steepest/registry/node';
      await loadInstalledOptimizers();
      const records = ${JSON.stringify([awkward.name, 'ada-belief'])}.map((name) => createOptimizer(name).describe());
      console.log(JSON.stringify({ names: listOptimizers(), records }));`;
    const { names, records } = JSON.parse(await copy.runScript('list.ts', script));
    expect(names).toEqual(expect.arrayContaining([awkward.name, 'ada-belief', 'lion']));
    expect(records).toMatchObject([{ stateBytesPerParameter: 4 }, { stateBytesPerParameter: 8 }]);
  });
});

describe('npm run new:optimizer refuses', () => {
  const refusal = async (...args: string[]): Promise<string> => {
    const before = readdirSync(copy.path('packages'));
    const error = await copy.runNpm('new:optimizer', args).then(
      () => 'nothing was refused',
      (reason: Error) => reason.message,
    );
    expect(readdirSync(copy.path('packages'))).toEqual(before);
    return error;
  };

  it('a package that exists, and leaves it as it is', async () => {
    const path = copy.path('packages/optim-ada-belief/src/ada-belief-rule.ts');
    const before = readFileSync(path, 'utf8');
    expect(await refusal('ada-belief')).toContain(
      'packages/optim-ada-belief exists already; nothing was changed',
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('a name that an optimizer of another package has', async () => {
    expect(await refusal('amsgrad')).toContain(
      '@steepest/optim-adam has an optimizer named "amsgrad" already',
    );
  });

  it('a class name that another package has', async () => {
    expect(await refusal('adam-belief', '--class', 'MyAdaBelief')).toContain(
      '@steepest/optim-ada-belief has a class MyAdaBelief already; choose another with --class',
    );
  });
});
