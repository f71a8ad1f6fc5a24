import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../docs/command-line.ts';
import { generatedDocuments, isOutdated, writeDocuments } from '../docs/generated-documents.ts';
import { lossColumnNote, optimizerChoice } from '../docs/optimizer-choice.ts';
import { optimizerPackages } from '../docs/optimizer-packages.ts';
import { readInRepository, repositoryRoot } from './readme-blocks.ts';

/** The cells of the table of optimizers in Markdown text, without backticks. */
function rowsOf(markdown: string): string[][] {
  const lines = markdown.split('\n');
  const head = lines.findIndex((line) => line.startsWith('| class '));
  const end = lines.findIndex((line, index) => index > head && !line.startsWith('|'));
  return lines.slice(head + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

describe('the page to choose an optimizer by', () => {
  const page = readInRepository('docs/optimizers.md');
  const rows = rowsOf(page.slice(page.indexOf('<!-- choice')));

  it('is what the records make (else: npm run docs)', async () => {
    const outdated = (await generatedDocuments(repositoryRoot)).filter(isOutdated);
    expect(outdated.map(({ file }) => file)).not.toContain('docs/optimizers.md');
  });

  it('lists every class by its state, with what its step moves', async () => {
    const packages = await optimizerPackages(repositoryRoot);
    const names = packages.flatMap(({ optimizers }) => optimizers.map(({ exportName }) => exportName));
    const classes = rows.map(([link]) => /^\[(\w+)\]/.exec(link!)![1]!);
    expect([...classes].sort()).toEqual([...names].sort());
    const states = rows.map(([, state]) => Number(state));
    expect(states).toEqual([...states].sort((a, b) => a - b));
    const moved = new Map(rows.map((cells, index) => [classes[index]!, cells[2]]));
    // Weight, gradient and state are read, and weight and state written: 4 bytes each.
    expect(moved.get('Sgd')).toBe('12');
    expect(moved.get('AdamW')).toBe('28');
    // It reads weight, gradient and three state tensors and writes all but the gradient; its sums read four of them first.
    expect(moved.get('Prodigy')).toBe(String(4 * (5 + 4 + 4)));
    expect(moved.get('Soap')).toBe('products of matrices');
  });

  it('says how each ends less AdamW, where that was measured', async () => {
    const packages = await optimizerPackages(repositoryRoot);
    const standing = (name: string, title: string) => ({ name, title, losses: new Map(), loss: 2.7 });
    const lion = { ...standing('lion', 'Lion'), difference: { mean: 0.0214, error: 0.0031, p: 0.01 } };
    const measured = new Map([
      ['adamw', standing('adamw', 'AdamW')],
      ['lion', lion],
    ]);
    const table = optimizerChoice(packages, measured);
    expect(table.split('\n')[0]).toMatch(/\| loss vs AdamW +\|$/);
    const last = (name: string) =>
      rowsOf(table)
        .find(([link]) => link!.startsWith(`[${name}]`))!
        .at(-1);
    expect([last('AdamW'), last('Lion'), last('Sgd')]).toEqual(['0', '+0.021 ± 0.003', '–']);
    expect(optimizerChoice(packages, new Map())).not.toContain('loss vs');
    expect(lossColumnNote(measured)).toMatch(/^Loss vs AdamW: .*experiments\/optimizers\.yaml/s);
    expect(lossColumnNote(new Map())).toBe('');
  });

  it('links to packages that exist', () => {
    for (const [, target] of page.matchAll(/\]\(\.\.\/([^)#]+)\)/g)) {
      expect(existsSync(join(repositoryRoot, target!))).toBe(true);
    }
  });
});

describe('the table of optimizers in the README', () => {
  const rows = rowsOf(readInRepository('README.md'));

  it('is what the records make (else: npm run docs)', async () => {
    const outdated = (await generatedDocuments(repositoryRoot)).filter(isOutdated);
    expect(outdated.map(({ file }) => file)).not.toContain('README.md');
  });

  it('has a row for every class of every optimizer package', async () => {
    const packages = await optimizerPackages(repositoryRoot);
    const records = packages.flatMap(({ optimizers }) =>
      optimizers.map(({ exportName, optimizer }) => [exportName, new optimizer().describe()] as const),
    );
    expect(rows.map(([exportName, name]) => [exportName, name])).toEqual(
      records.map(([exportName, { name }]) => [exportName, name]),
    );
    for (const [index, [, { paper, stateBytesPerParameter }]] of records.entries()) {
      const [, , , , source, state] = rows[index]!;
      expect(source).toContain(`${paper.authors} ${paper.year}, `);
      expect(source).toContain(paper.source);
      expect(Number(state)).toBeCloseTo(stateBytesPerParameter, 0);
    }
  });

  it('says what a package is and where', () => {
    const lion = rows.find(([exportName]) => exportName === 'Lion');
    expect(lion).toEqual([
      'Lion',
      'lion',
      '[@steepest/optim-lion](packages/optim-lion)',
      'Lion (evolved sign momentum)',
      'Chen et al. 2023, [arXiv 2302.06675](https://arxiv.org/abs/2302.06675)',
      '4',
    ]);
  });
});

describe('npm run docs', () => {
  beforeEach(() => void vi.spyOn(console, 'log').mockImplementation(() => undefined));
  let repository: string;
  const at = (file: string) => join(repository, file);
  const write = (file: string, text: string) => {
    mkdirSync(dirname(at(file)), { recursive: true });
    writeFileSync(at(file), text);
  };
  const source = `import { Lion } from '@steepest/optim-lion';
import { optimizerClass } from '@steepest/optimizer';
const recommended = [];
export const Tiger = optimizerClass({ ...Lion.rule, name: 'tiger', title: 'Tiger', recommended }, 'DocsTestTiger');
`;
  const readme = `# Tiger

## Install

### \`new Tiger(options?)\`

| option | default | meaning |
| --- | --- | --- |
| \`speed\` | \`1\` | Not any more |

**State:** 4 bytes per parameter.
`;

  beforeEach(() => {
    repository = mkdtempSync(join(tmpdir(), 'steepest-docs-'));
    mkdirSync(at('node_modules'));
    symlinkSync(join(repositoryRoot, 'node_modules/@steepest'), at('node_modules/@steepest'), 'junction');
    cpSync(join(repositoryRoot, 'README.md'), at('README.md'));
    const description = 'Tiger, striped, for TensorFlow.js';
    write('packages/optim-tiger/package.json', JSON.stringify({ name: '@acme/tiger', description }));
    write('packages/optim-tiger/src/index.ts', source);
    write('packages/optim-tiger/README.md', readme);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(repository, { recursive: true, force: true });
  });

  it('finds a new package by its folder, and puts it into the README and its own', async () => {
    const files = ['README.md', 'packages/optim-tiger/README.md'];
    expect(await writeDocuments(repository)).toEqual(files);
    const [root, own] = files.map((file) => readFileSync(at(file), 'utf8'));
    expect(rowsOf(root!)).toEqual([
      [
        'Tiger',
        'tiger',
        '[@acme/tiger](packages/optim-tiger)',
        'Tiger, striped',
        'Chen et al. 2023, [arXiv 2302.06675](https://arxiv.org/abs/2302.06675)',
        '4',
      ],
    ]);
    expect(own).toMatch(
      /^# Tiger\n\n<!-- cost: .* -->\n\n\| class .*\n.*\n\| `Tiger` .*\n\n<!-- end of cost -->\n\n## Install\n\n<!-- options: .* -->\n\n### `new Tiger\(options\?\)`\n\n\| option /,
    );
    expect(own).toContain('| `beta2`             | `0.99` ');
    expect(own).not.toContain('Not any more');
    expect(own).toMatch(/\n\n<!-- end of options -->\n\n\*\*State:\*\* 4 bytes per parameter\.\n$/);
  });

  it('writes nothing the second time, and again what was changed by hand', async () => {
    await writeDocuments(repository);
    expect(await writeDocuments(repository)).toEqual([]);
    const file = 'packages/optim-tiger/README.md';
    write(file, readFileSync(at(file), 'utf8').replace('`0.99`', '`0.95`'));
    const outdated = (await generatedDocuments(repository)).filter(isOutdated);
    expect(outdated.map((document) => document.file)).toEqual([file]);
    expect(await writeDocuments(repository)).toEqual([file]);
  });

  it('checks with --check, which names what is not up to date and writes nothing', async () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    expect(await main(['--check'], repository)).toBe(1);
    expect(errors.mock.calls.flat()).toEqual([
      'README.md is not what the records say; run npm run docs',
      'packages/optim-tiger/README.md is not what the records say; run npm run docs',
    ]);
    expect(readFileSync(at('packages/optim-tiger/README.md'), 'utf8')).toBe(readme);
    expect(await main([], repository)).toBe(0);
    expect(await main(['--check'], repository)).toBe(0);
    expect(await main(['--chek'], repository)).toBe(2);
    expect(errors.mock.lastCall).toEqual([
      'unknown argument "--chek"; use: npm run docs, or npm run docs -- --check',
    ]);
  });

  it('puts recommended settings before the cost and the installation, where none were before', async () => {
    const settings = "[{ scale: 'small', settings: { learningRate: 0.5 }, source: 'arXiv 2302.06675' }]";
    write(
      'packages/optim-tiger/src/index.ts',
      source.replace('recommended = []', `recommended = ${settings}`),
    );
    await writeDocuments(repository);
    const own = readFileSync(at('packages/optim-tiger/README.md'), 'utf8');
    expect(own).toMatch(
      /^# Tiger\n\n<!-- recommended: .* -->\n\n\| for .*\n.*\n\| small \| `learningRate: 0.5` \| .*\n\n<!-- end of recommended -->\n\n<!-- cost: .* -->/,
    );
    expect(await writeDocuments(repository)).toEqual([]);
  });

  it('names a file that has no place for its table', async () => {
    write('packages/optim-tiger/README.md', '# Tiger\n');
    await expect(generatedDocuments(repository)).rejects.toThrow(
      'packages/optim-tiger/README.md needs the lines <!-- options: written by npm run docs --> and ' +
        '<!-- end of options --> once each',
    );
  });

  it('names a package without an optimizer', async () => {
    write('packages/optim-tiger/src/index.ts', 'export const Tiger = 1;\n');
    await expect(generatedDocuments(repository)).rejects.toThrow(
      'packages/optim-tiger/src/index.ts exports no optimizer class',
    );
  });
});
