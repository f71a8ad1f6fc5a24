/** How a {@link markdownTable} is laid out. */
export interface MarkdownTableOptions {
  /** Which columns align right, such as those of numbers; none by default. */
  readonly right?: (column: number) => boolean;
  /** Whether columns are also aligned as text, as wide as their widest cell; by default true. */
  readonly padded?: boolean;
}

/**
 * A table of Markdown. Its cells are Markdown too, but for bars, which would begin another cell; of a row that is short the last
 * cells are empty.
 */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { right = () => false, padded = true }: MarkdownTableOptions = {},
): string {
  const lines = [head, ...rows].map((cells) =>
    head.map((_, column) => (cells[column] ?? '').replaceAll(/(?<!\\)\|/g, '\\|')),
  );
  const widths = head.map((_, column) =>
    Math.max(3, ...(padded ? lines.map((cells) => widthOf(cells[column]!)) : [])),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = widths.map((width, column) =>
    right(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  const written = lines.map((cells) =>
    line(
      cells.map((cell, column) => {
        const space = padded ? ' '.repeat(widths[column]! - widthOf(cell)) : '';
        return right(column) ? space + cell : cell + space;
      }),
    ),
  );
  return [written[0]!, line(rule), ...written.slice(1)].join('\n');
}

/** Characters, of which some are two code units. */
const widthOf = (text: string): number => [...text].length;
