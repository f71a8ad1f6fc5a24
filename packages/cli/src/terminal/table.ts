import { styleText } from 'node:util';
import type { TextTable } from '@steepest/run-report';
import Table from 'cli-table3';

/**
 * A table for a terminal, and what to know before relying on it.
 *
 * @param options.color whether to write ANSI colors
 */
export function formatTable(
  { head, rows, warnings }: TextTable,
  { color = false, below = [] }: { readonly color?: boolean; readonly below?: readonly string[] } = {},
): string {
  const heading = (text: string) => (color ? styleText('bold', text, { validateStream: false }) : text);
  const table = new Table({
    head: head.map(heading),
    colAligns: head.map((title, index) => (index === 0 || title.startsWith('trials') ? 'left' : 'right')),
    // Empty styles: the table's own colors would depend on the environment, not on the option.
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  const notes =
    warnings.length === 0 ? [] : ['', 'Before you rely on this:', ...warnings.map((note) => `- ${note}`)];
  return [table.toString(), ...below, ...notes].join('\n');
}
