import Table from 'cli-table3';
import type { TextTable } from '../report/fit-summary.ts';

/** A table for the terminal, without colours. */
export function drawTable({ head, rows }: TextTable): string {
  // Empty styles: the table's own colours would depend on the environment.
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  for (const row of rows) table.push([...row]);
  return table.toString();
}
