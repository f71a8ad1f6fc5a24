import { checkKeys, describeValue } from '../options.ts';
import type { QuerySpec } from './law.ts';

/** A number that a question takes: what it means, whether it may be left out, whether it is a count. */
export type Ask = string | Pick<QuerySpec, 'meaning' | 'required' | 'whole'>;

/** A number that may be left out. */
export const optional = (meaning: string) => ({ meaning, required: false }) as const;

/** A count, such as of steps. */
export const count = (meaning: string) => ({ meaning, whole: true }) as const;

/** A count that may be left out. */
export const optionalCount = (meaning: string) => ({ meaning, whole: true, required: false }) as const;

/** What may be asked of a fit, and how it answers. */
export interface Question<Fit, Answer> {
  readonly specs: readonly QuerySpec[];
  answer(query: Readonly<Record<string, number>>, fit: Fit): Answer;
}

type Query<Asks> = {
  readonly [Name in keyof Asks]: Asks[Name] extends { readonly required: false }
    ? number | undefined
    : number;
};

/**
 * A question of some numbers; those given are checked before the answer is made.
 *
 * @param asks what each number means, by name
 */
export function question<Fit, Answer, const Asks extends Readonly<Record<string, Ask>>>(
  asks: Asks,
  answer: (query: Query<Asks>, fit: Fit) => Answer,
): Question<Fit, Answer> {
  const specs = Object.entries(asks).map(([name, ask]) => ({
    name,
    ...(typeof ask === 'string' ? { meaning: ask } : ask),
  }));
  return { specs, answer: answer as Question<Fit, Answer>['answer'] };
}

/** Steps of the longest run that a law goes through one by one. */
const mostSteps = 100_000_000;

/** @throws Error naming a number that is unknown, missing or wrong */
export function checkQuery(
  owner: string,
  specs: readonly QuerySpec[],
  query: Readonly<Record<string, number>>,
): void {
  checkKeys(
    owner,
    query,
    specs.map(({ name }) => name),
  );
  for (const { name, meaning, required = true, whole = false } of specs) {
    const value = query[name];
    if (value === undefined && !required) continue;
    const right = whole
      ? Number.isSafeInteger(value) && value! > 0 && value! <= mostSteps
      : Number.isFinite(value) && value! > 0;
    if (right) continue;
    const wanted = whole ? `a whole number from 1 to ${mostSteps}` : 'a positive number';
    throw new Error(`${owner}: ${name} (${meaning}) must be ${wanted}, got ${describeValue(value)}`);
  }
}

/** @throws Error unless just one of some numbers was given */
export function requireOne(owner: string, numbers: Readonly<Record<string, number | undefined>>): void {
  const given = Object.values(numbers).filter((value) => value !== undefined);
  if (given.length === 1) return;
  throw new Error(`${owner}: suggest takes either ${Object.keys(numbers).join(' or ')}`);
}
