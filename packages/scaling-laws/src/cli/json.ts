import type { OutputConfiguration } from 'commander';
import { type CommandOutput, printLines } from './output.ts';

/** Prints a value as JSON; numbers that JSON has no form for become texts such as "Infinity". */
export function printJson(output: CommandOutput, value: unknown): void {
  const readable = (_: string, entry: unknown) =>
    typeof entry === 'number' && !Number.isFinite(entry) ? String(entry) : entry;
  printLines(output, [JSON.stringify(value, readable, 2)]);
}

/** What commander writes where; errors are JSON where the output is. */
export function commanderOutput(args: readonly string[], output: CommandOutput): OutputConfiguration {
  const streams = { writeOut: output.out, writeErr: output.error };
  if (!args.includes('--json')) return streams;
  return {
    ...streams,
    outputError: (text, write) => write(errorJson(text.replace(/^error: /, '').trim())),
  };
}

/** An error as one line of JSON. */
export function errorJson(message: string): string {
  return `${JSON.stringify({ error: message })}\n`;
}
