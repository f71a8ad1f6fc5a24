import { comparisonTable, type Results, rankingTable, type TextTable } from '../src/index.ts';

function shown({ head, rows, warnings }: TextTable): string {
  const lines = [head, ...rows].map((cells) => `│ ${cells.join(' │ ')} │`);
  return [...lines, ...warnings].join('\n');
}

/** All that the ranking says, as lines. */
export function shownRanking(results: Results): string {
  return shown(rankingTable(results));
}

/** All that a comparison says, as lines. */
export function shownComparison(...sides: Parameters<typeof comparisonTable>): string {
  const table = comparisonTable(...sides);
  return `${shown(table)}\nSettings that differ: ${table.differences.join('\n')}`;
}
