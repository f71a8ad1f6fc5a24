import { markdownTable } from '@steepest/run-files';

/** A table of Markdown whose columns are of numbers, but for the first. */
export function numberTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return markdownTable(head, rows, { right: (column) => column > 0 });
}
