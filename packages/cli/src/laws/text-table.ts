import type { TextTable } from '@steepest/scaling-laws';
import Table from 'cli-table3';

/** Columns of the narrowest terminal that everything fits. */
const terminal = 80;
/** A border and a space on either side. */
const padding = 3;

/** A table for the terminal, without colors; long cells are wrapped so that it fits 80 columns. */
export function drawTable({ head, rows }: TextTable): string {
  const longest = (column: number, part: string) => {
    const parts = [head, ...rows].flatMap((row) =>
      row[column]!.split(part).flatMap((own) => own.split('\n')),
    );
    return Math.max(...parts.map((own) => own.length));
  };
  const widths = head.map((_, column) => longest(column, '\n'));
  // Words are never cut.
  const least = head.map((_, column) => longest(column, ' '));
  const total = () => widths.reduce((sum, width) => sum + width + padding, 1);
  while (total() > terminal) {
    const free = widths.map((width, column) => (width > least[column]! ? width : 0));
    const widest = free.indexOf(Math.max(...free));
    if (free[widest] === 0) break;
    widths[widest]! -= 1;
  }
  // Empty styles: the table's own colors would depend on the environment.
  const table = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colWidths: widths.map((width) => width + 2),
    wordWrap: true,
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

/** A text in lines of at most 80 columns. */
export function wrapped(text: string): string {
  let line = 0;
  return text
    .split(' ')
    .map((word) => {
      const isFull = line > 0 && line + 1 + word.length > terminal;
      const before = line === 0 ? '' : isFull ? '\n' : ' ';
      line = isFull || line === 0 ? word.length : line + 1 + word.length;
      return before + word;
    })
    .join('');
}
