import { createHash } from 'node:crypto';
import type { MutantIdentity } from './mutators.ts';

/** One of `count` parts, `index` from 1, into which the mutants of a package are dealt at random. */
export interface MutantPart {
  readonly index: number;
  readonly count: number;
}

export const whole: MutantPart = { index: 1, count: 1 };

/** As the command line and the table of scores write it, for instance `3/20`. */
export const partText = ({ index, count }: MutantPart): string => `${index}/${count}`;

/**
 * Whether a mutant is of a part: decided by a hash of what it is, so that a mutant stays in its part when code elsewhere
 * changes, and parts are samples that share nothing.
 *
 * @param root Folder that the hash leaves out of the mutant's path.
 */
export function isOfPart(mutant: MutantIdentity, { index, count }: MutantPart, root: string): boolean {
  const { file, line, column, mutator } = mutant;
  const text = [file.slice(root.length).replaceAll('\\', '/'), line, column, mutator].join('\n');
  const uniform = createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
  return Math.floor(uniform * count) === index - 1;
}
