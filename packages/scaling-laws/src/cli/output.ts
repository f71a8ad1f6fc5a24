import { printable } from '../printable.ts';

/** Where a command line writes. */
export interface CommandOutput {
  /** Takes what was asked for. */
  out(text: string): void;
  /** Takes errors. */
  error(text: string): void;
}

/** The streams of the process. */
export const standardOutput: CommandOutput = {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
};

/** Prints lines; what a file holds cannot color the terminal or move its cursor. */
export function printLines(output: CommandOutput, lines: readonly string[]): void {
  for (const line of lines) output.out(`${printable(line)}\n`);
}

/**
 * Ends the process quietly where whoever reads its output has had enough, as `head` does after some lines.
 */
export function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}
