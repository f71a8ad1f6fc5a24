import { recordOf, type UpdateRule } from '@steepest/optimizer';
import { markdownTable } from './markdown-table.ts';
import type { OptimizerPackage } from './optimizer-packages.ts';
import { bytesMoved, shownBytes } from './step-costs.ts';

/** All optimizers by the memory of their state, with what a step costs and what is left to tune, for the page to choose by. */
export function optimizerChoice(packages: readonly OptimizerPackage[]): string {
  const rows = packages.flatMap(({ folder, optimizers }) =>
    optimizers.map(({ exportName, optimizer: { rule } }) => {
      const { stateBytesPerParameter: bytes } = recordOf(rule);
      const moved = String(bytesMoved(rule) ?? 'products of matrices');
      return { bytes, cells: [`[\`${exportName}\`](../${folder})`, shownBytes(bytes), moved, tuning(rule)] };
    }),
  );
  rows.sort((a, b) => a.bytes - b.bytes || (a.cells[0]! < b.cells[0]! ? -1 : 1));
  return markdownTable(
    ['class', 'state, bytes per parameter', 'step, bytes moved per parameter', 'learning rate'],
    rows.map(({ cells }) => cells),
  );
}

/** What a user has to say of the step size. */
function tuning(rule: UpdateRule): string {
  if (rule.groupState?.sums !== undefined) return 'finds its own; 1, under any schedule';
  if (rule.average !== undefined) return 'to tune, without a schedule';
  if (rule.rateIsInitial === true) return 'of the first step only';
  return 'to tune, with a schedule';
}
