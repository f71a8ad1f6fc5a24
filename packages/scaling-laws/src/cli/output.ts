import { printable } from '../printable.ts';

/** Prints a line; what a file holds cannot colour the terminal or move its cursor. */
export function print(line: string): void {
  console.log(printable(line));
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
