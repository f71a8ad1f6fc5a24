import type { OutputConfiguration } from 'commander';
import { print } from './output.ts';

/** Prints a value as JSON; numbers that JSON has no form for become texts such as "Infinity". */
export function printJson(value: unknown): void {
  const readable = (_: string, entry: unknown) =>
    typeof entry === 'number' && !Number.isFinite(entry) ? String(entry) : entry;
  print(JSON.stringify(value, readable, 2));
}

/** Errors of a command line as plain text, or as JSON where its output is. */
export function errorOutput(args: readonly string[]): OutputConfiguration {
  if (!args.includes('--json')) return {};
  return { outputError: (text, write) => write(errorJson(text.replace(/^error: /, '').trim())) };
}

/** An error as one line of JSON. */
export function errorJson(message: string): string {
  return `${JSON.stringify({ error: message })}\n`;
}
