import type { RecommendedSettings } from '@steepest/optimizer';
import { linkedSource } from '../../packages/optimizer-testing/src/new-optimizer/paper.ts';
import { markdownTable } from '../../packages/run-files/src/markdown-table.ts';
import type { OptimizerPackage } from './optimizer-packages.ts';
import { shownDefault } from './shared-options.ts';

const head = ['for', 'settings', 'source'] as const;

/** The settings that the records of a package recommend, for its README; `undefined` where they recommend none. */
export function recommendedTable({ optimizers }: OptimizerPackage): string | undefined {
  const rows = optimizers.flatMap(({ exportName, optimizer: { rule } }) =>
    (rule.recommended ?? []).map((each) => [`\`${exportName}\``, ...cells(each)]),
  );
  if (rows.length === 0) return undefined;
  if (optimizers.length > 1) return markdownTable(['class', ...head], rows);
  return markdownTable(
    head,
    rows.map((row) => row.slice(1)),
  );
}

/** Those of all packages, for the page to choose by. */
export function recommendedOverview(packages: readonly OptimizerPackage[]): string {
  const rows = packages.flatMap(({ folder, optimizers }) =>
    optimizers.flatMap(({ exportName, optimizer: { rule } }) =>
      (rule.recommended ?? []).map((each) => [`[\`${exportName}\`](../${folder})`, ...cells(each)]),
    ),
  );
  return markdownTable(['class', ...head], rows);
}

function cells({ scale, settings, remark, source }: RecommendedSettings): [string, string, string] {
  const options = Object.entries(settings).map(([name, value]) => {
    return `\`${name}: ${shownDefault(value).slice(1, -1)}\``;
  });
  return [scale, options.join(', ') + (remark === undefined ? '' : `; ${remark}`), linkedSource(source)];
}
