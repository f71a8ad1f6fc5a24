import { recordOf } from '@steepest/optimizer';
import { linkedSource } from '../../packages/optimizer-testing/src/new-optimizer/paper.ts';
import { markdownTable } from '../../packages/run-files/src/markdown-table.ts';
import { optimizerCosts } from '../../tools/docs/optimizer-choice.ts';
import type { OptimizerPackage } from '../../tools/docs/optimizer-packages.ts';
import { withMath } from './math.ts';
import type { Page } from './page.ts';
import { read } from './repository.ts';
import { type OptimizerResult, resultSection } from './results.ts';

/** A page for each optimizer package: its README, with its costs from the records, its formulas typeset and its results. */
export function optimizerPages(
  packages: readonly OptimizerPackage[],
  results: ReadonlyMap<string, OptimizerResult>,
): Page[] {
  return packages.map((found) => {
    const source = `${found.folder}/README.md`;
    const title = recordOf(found.optimizers[0]!.optimizer.rule).title;
    return {
      path: pathOf(found),
      title: titleFor(found, title),
      source,
      isEdited: true,
      text: pageText(found, titleFor(found, title), read(source), results),
      frontmatter: { description: found.description },
    };
  });
}

export const pathOf = ({ folder }: Pick<OptimizerPackage, 'folder'>): string =>
  folder.replace('packages/optim-', 'optimizers/');

/** Packages of several optimizers that share a name have that of the package. */
function titleFor({ optimizers, folder }: OptimizerPackage, first: string): string {
  return optimizers.length === 1 || !folder.includes('schedule-free') ? first : 'Schedule-free';
}

function pageText(
  found: OptimizerPackage,
  title: string,
  readme: string,
  results: ReadonlyMap<string, OptimizerResult>,
): string {
  const shown = found.optimizers.flatMap(({ exportName, optimizer }) => {
    const result = results.get(optimizer.rule.name);
    return result === undefined ? [] : [resultSection(exportName, result)];
  });
  const results_ = shown.length === 0 ? '' : `## Results here\n\n${shown.join('\n\n')}\n\n`;
  return withMath(readme)
    .replace(/^# .*\n/, `# ${title}\n`)
    .replace(/^## What is this\?$/m, (heading) => `${costs(found)}\n\n${heading}`)
    .replace(/^## Compatibility$/m, (heading) => `${results_}${heading}`);
}

/** Memory, cost and tuning of every class, from its record. */
function costs({ optimizers }: OptimizerPackage): string {
  const rows = optimizers.map(({ exportName, optimizer: { rule } }) => {
    const { state, step, learningRate } = optimizerCosts(rule);
    const { paper } = recordOf(rule);
    const source = `${paper.authors} ${paper.year}, ${linkedSource(paper.source)}`;
    return [`\`${exportName}\``, state, step, learningRate, source];
  });
  const head = [
    'class',
    'bytes of state per parameter',
    'bytes a step moves per parameter',
    'learning rate',
    'paper',
  ];
  return markdownTable(head, rows);
}
