import { existsSync, readFileSync } from 'node:fs';
import type { MutantResult } from './mutation-run.ts';

/**
 * Why no test can tell a mutant from the code. It is found by text, not by line number, so that it stays true when the
 * file changes elsewhere.
 */
export interface Explanation {
  /** Path from the package. */
  readonly file: string;
  /** The source lines that the mutant changes, without the spaces around them. */
  readonly code: string;
  /** The same lines, mutated. */
  readonly mutant: string;
  readonly reason: string;
}

/** Survivors that are explained and not, and explanations that no survivor needs. */
export interface Judgment {
  readonly explained: readonly MutantResult[];
  readonly unexplained: readonly MutantResult[];
  readonly needless: readonly Explanation[];
}

/** Name of the file of a package's explanations, in its folder `test`. */
export const explanationsFile = 'explained-survivors.json';

const fields = ['file', 'code', 'mutant', 'reason'] as const;

/**
 * The explanations of a file, none where there is no such file.
 *
 * @throws Error if it is not a list of objects with exactly the fields of {@link Explanation}, none of them empty.
 */
export function readExplanations(path: string): readonly Explanation[] {
  if (!existsSync(path)) return [];
  const entries: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!Array.isArray(entries)) throw new Error(`${path} must hold a list of explanations`);
  for (const [index, entry] of entries.entries()) {
    const keys = Object.keys(entry ?? {}).sort();
    const isComplete = fields.every(
      (field) => typeof entry?.[field] === 'string' && entry[field].trim() !== '',
    );
    if (!isComplete || keys.length !== fields.length) {
      throw new Error(
        `entry ${index + 1} of ${path} must have the texts ${fields.join(', ')} and nothing else`,
      );
    }
  }
  return entries;
}

/** @param tested The files whose mutants are among `results`: explanations of others are not judged. */
export function judge(
  results: readonly MutantResult[],
  explanations: readonly Explanation[],
  tested: ReadonlySet<string>,
): Judgment {
  const survivors = results.filter(({ fate }) => fate === 'survived' || fate === 'uncovered');
  const explains = (explanation: Explanation, mutant: MutantResult): boolean =>
    explanation.file === mutant.file &&
    oneLine(explanation.code) === oneLine(mutant.before) &&
    oneLine(explanation.mutant) === oneLine(mutant.after);
  const isExplained = (mutant: MutantResult): boolean =>
    explanations.some((explanation) => explains(explanation, mutant));
  return {
    explained: survivors.filter(isExplained),
    unexplained: survivors.filter((mutant) => !isExplained(mutant)),
    needless: explanations.filter(
      (explanation) =>
        tested.has(explanation.file) && !survivors.some((mutant) => explains(explanation, mutant)),
    ),
  };
}

/** How a code of several lines is written in one. */
const oneLine = (code: string): string => code.trim().replace(/\s+/g, ' ');
