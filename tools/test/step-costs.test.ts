import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { optimizerPackages } from '../docs/optimizer-packages.ts';
import { bytesMoved, comparedOptimizers, costTable } from '../docs/step-costs.ts';
import { repositoryRoot } from './readme-blocks.ts';

const packages = await optimizerPackages(repositoryRoot);
const packageOf = (name: string) => packages.find(({ folder }) => folder === `packages/optim-${name}`)!;
const rowsOf = (table: string) =>
  table
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

describe('the cost of a step in a README', () => {
  it('is the bytes that an element-wise step moves: weight, gradient and state read, weight and state written', () => {
    const ruleOf = (name: string, exportName: string) =>
      packageOf(name).optimizers.find((each) => each.exportName === exportName)!.optimizer.rule;
    expect(bytesMoved(ruleOf('sgd', 'Sgd'))).toBe(4 * (2 + 1));
    expect(bytesMoved(ruleOf('lion', 'Lion'))).toBe(4 * (3 + 2));
    expect(bytesMoved(ruleOf('adam', 'AdamW'))).toBe(4 * (4 + 3));
    expect(bytesMoved(ruleOf('muon', 'Muon'))).toBeUndefined();
  });

  it('is a number of operations where a step multiplies matrices', () => {
    const [dion] = rowsOf(costTable(packageOf('dion'), new Map()));
    expect(dion).toEqual([
      '`Dion`',
      '8 bytes per parameter',
      '12 n^2 m - (4/3) n^3: operations for a matrix of r x c, with n its shorter side and m its longer',
      'not in it yet',
    ]);
    const [soap] = rowsOf(costTable(packageOf('soap'), new Map()));
    expect(soap![2]).toBe(
      '7 r c k + (14/3) k^3 / 10 for each side k up to 1024, in sum: operations for a matrix of r x c',
    );
    const [shampoo] = rowsOf(costTable(packageOf('shampoo'), new Map()));
    expect(shampoo![2]).toBe('products of matrices');
  });

  it('leads to the curves of an optimizer where the comparison has them', () => {
    const curvesOf = (compared: Record<string, string[]>) =>
      rowsOf(
        costTable(
          packageOf('lion'),
          new Map(Object.entries(compared).map(([k, names]) => [k, new Set(names)])),
        ),
      )[0]![3];
    const page = '../../benchmarks/lm-comparison/results/README.md';
    expect(curvesOf({ beta1: ['adam'] })).toBe('not in it yet');
    expect(curvesOf({ beta1: ['lion'] })).toBe(`[Momentum](${page}#momentum)`);
    expect(curvesOf({ beta1: ['lion'], 'learning-rate': ['lion', 'adam'], 'warm-up': ['lion'] })).toBe(
      `[Learning rate](${page}#learning-rate) and 2 more of its [results](${page})`,
    );
  });

  it('reads the results of the repository, and links to sections that exist', () => {
    const compared = comparedOptimizers(repositoryRoot);
    expect(compared.get('learning-rate')).toContain('adam');
    for (const found of packages) {
      for (const [, target] of costTable(found, compared).matchAll(/\]\(([^)]+)\)/g)) {
        const [file, anchor = ''] = target!.split('#');
        const text = readFileSync(join(repositoryRoot, found.folder, file!), 'utf8');
        const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) =>
          title!.toLowerCase().replaceAll(' ', '-'),
        );
        expect(['', ...headings]).toContain(anchor);
      }
    }
  });

  it('has no results where the repository has no comparison', () => {
    expect(comparedOptimizers(join(repositoryRoot, 'tools')).size).toBe(0);
  });
});
