import type { OptimizerClass, RecommendedSettings } from '@steepest/optimizer';
import { describe, expect, it } from 'vitest';
import { optimizerPackages } from '../docs/optimizer-packages.ts';
import { recommendedOverview, recommendedTable } from '../docs/recommended-settings.ts';
import { isInRepository, readInRepository, repositoryRoot } from './readme-blocks.ts';

const packages = await optimizerPackages(repositoryRoot);
const recommending = packages.flatMap(({ optimizers }) =>
  optimizers.flatMap(({ exportName, optimizer }) =>
    (optimizer.rule.recommended ?? []).map((each) => ({ exportName, optimizer, ...each })),
  ),
);

describe('the settings that a record recommends', () => {
  it.each(recommending)(
    'of $exportName for $scale are options of it, in their ranges',
    ({ optimizer, settings, scale, source }) => {
      expect(Object.keys(settings).length).toBeGreaterThan(0);
      // A wrong name or value throws.
      new optimizer(settings).dispose();
      // Authors and year, or a file of a repository: something to look up.
      expect(source).toMatch(/\d{4}|^[\w-]+\/[\w-]+, \S+/);
      expect(scale).not.toBe('');
    },
  );

  it('are one for every scale of a class', () => {
    for (const { optimizers } of packages) {
      for (const { optimizer } of optimizers) {
        const scales = (optimizer.rule.recommended ?? []).map(({ scale }) => scale);
        expect(new Set(scales).size).toBe(scales.length);
      }
    }
  });

  it('stand in the README of the package, and on the page to choose by', () => {
    const page = readInRepository('docs/optimizers.md');
    for (const found of packages) {
      const table = recommendedTable(found);
      const readme = isInRepository(`${found.folder}/README.md`)
        ? readInRepository(`${found.folder}/README.md`)
        : '';
      if (table === undefined) expect(readme).not.toContain('<!-- recommended:');
      else expect(readme).toContain(table);
    }
    for (const { scale } of recommending) expect(page).toContain(`| ${scale}`);
  });
});

describe('their table', () => {
  const exported = (exportName: string, recommended?: readonly RecommendedSettings[]) => ({
    exportName,
    optimizer: { rule: { name: exportName, recommended } } as unknown as OptimizerClass<object>,
  });
  const packageOf = (...optimizers: ReturnType<typeof exported>[]) => ({
    folder: 'packages/optim-x',
    name: 'x',
    description: 'X',
    optimizers,
  });
  const small = {
    scale: 'small',
    settings: { learningRate: 1e-8, mode: 'fast' },
    remark: 'constant',
    source: 'arXiv 2302.06675',
  };
  const large = { scale: 'large', settings: { learningRate: 0.5 }, source: 'a/b, c.py' };
  const rowsOf = (table: string) =>
    table.split('\n').map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  const smallCells = [
    'small',
    "`learningRate: 1e-8`, `mode: 'fast'`; constant",
    '[arXiv 2302.06675](https://arxiv.org/abs/2302.06675)',
  ];
  const largeCells = ['large', '`learningRate: 0.5`', 'a/b, c.py'];

  it('shows what they are for, every option as it is written, the remark and a link to the source', () => {
    const [head, , ...rows] = rowsOf(recommendedTable(packageOf(exported('A', [small, large])))!);
    expect(head).toEqual(['for', 'settings', 'source']);
    expect(rows).toEqual([smallCells, largeCells]);
  });

  it('names the class where a package has several', () => {
    const [head, , ...rows] = rowsOf(
      recommendedTable(packageOf(exported('A', [small]), exported('B', [large])))!,
    );
    expect(head).toEqual(['class', 'for', 'settings', 'source']);
    expect(rows).toEqual([
      ['`A`', ...smallCells],
      ['`B`', ...largeCells],
    ]);
  });

  it('is none where nothing is recommended', () => {
    expect(recommendedTable(packageOf(exported('A')))).toBeUndefined();
    expect(recommendedTable(packageOf(exported('A', [])))).toBeUndefined();
  });

  it('of all packages links the classes', () => {
    const [, , ...rows] = rowsOf(recommendedOverview([packageOf(exported('A', [large]), exported('B'))]));
    expect(rows).toEqual([['[`A`](../packages/optim-x)', ...largeCells]]);
  });
});
