import { recordOf } from '@steepest/optimizer';
import { linkedSource } from '../../packages/optimizer-testing/src/new-optimizer/paper.ts';
import { markdownTable } from '../../packages/run-files/src/markdown-table.ts';
import type { OptimizerPackage } from './optimizer-packages.ts';

/** The table of all optimizers of the repository, for the README at its root. */
export function optimizerTable(packages: readonly OptimizerPackage[]): string {
  const rows = packages.flatMap(({ name, folder, description, optimizers }) =>
    optimizers.map(({ exportName, optimizer }, index) => {
      const { name: ruleName, paper, stateBytesPerParameter } = recordOf(optimizer.rule);
      return [
        `\`${exportName}\``,
        `\`${ruleName}\``,
        // What holds for the package stands in its first row.
        index === 0 ? `[\`${name}\`](${folder})` : '',
        index === 0 ? summary(description) : '',
        `${paper.authors} ${paper.year}, ${linkedSource(paper.source)}`,
        shownBytes(stateBytesPerParameter),
      ];
    }),
  );
  return markdownTable(['class', 'name', 'package', 'what it is', 'paper', 'state'], rows);
}

/** A package's description without what it shares with all others. */
const summary = (description: string): string => description.replace(/,? for TensorFlow\.js/, '');

/** Bytes a parameter, without the rows, columns and blocks that are less than a hundredth of a byte. */
const shownBytes = (bytes: number): string => String(Math.floor(bytes * 10 + 1e-9) / 10);
