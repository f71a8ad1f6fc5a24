import { printableLines } from '@steepest/run-files';

/** Prints lines; what a file holds cannot color the terminal or move its cursor. */
export function printLines(lines: readonly string[]): void {
  for (const line of lines) console.log(printableLines(line));
}

/** Prints a value as JSON; numbers that JSON has no form for become texts such as "Infinity". */
export function printJson(value: unknown): void {
  const readable = (_: string, entry: unknown) =>
    typeof entry === 'number' && !Number.isFinite(entry) ? String(entry) : entry;
  printLines([JSON.stringify(value, readable, 2)]);
}
