/** A Markdown table whose columns are as wide as their widest cell. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => widthOf(cells[column]!))));
  const written = lines.map((cells) =>
    line(cells.map((cell, i) => cell + ' '.repeat(widths[i]! - widthOf(cell)))),
  );
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return [written[0]!, rule, ...written.slice(1)].join('\n');
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Characters, of which some are two code units. */
const widthOf = (text: string): number => [...text].length;
