import { printable } from '@steepest/run-files';
import type { MalformedLine } from './document-source.ts';

/** What is wrong with a line, as a message without its place. */
export class MalformedDocument extends Error {}

/** The error that a malformed line is to a reader who takes no reports of them. */
export function malformedLineError({ file, line, reason }: MalformedLine): Error {
  return new Error(`${printable(file)} line ${line}: ${reason}`);
}

/**
 * Does what may find a line malformed; gives undefined where it did.
 *
 * @param onMalformed takes the malformed line; without it that is an error
 * @throws on a malformed line without `onMalformed`: the message names the file and the line
 */
export function orMalformed<T>(
  file: string,
  line: number,
  onMalformed: ((problem: MalformedLine) => void) | undefined,
  parse: () => T,
): T | undefined {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof MalformedDocument)) throw cause;
    const problem: MalformedLine = { file, line, reason: cause.message };
    if (onMalformed === undefined) throw malformedLineError(problem);
    onMalformed(problem);
    return undefined;
  }
}
