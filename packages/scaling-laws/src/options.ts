import { nearestName } from '@steepest/run-files';

/**
 * Rejects an option that does not exist.
 *
 * @param owner whose options they are, for the message
 * @throws Error naming the unknown option and the nearest known one
 */
export function checkKeys(owner: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new Error(`${owner}: options must be an object, got ${describeValue(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new Error(
      `${owner}: unknown option "${key}", did you mean "${nearestName(key, known)}"? Its options are ${known.join(', ')}`,
    );
  }
}

/** A check that an option is what it must be; it throws an error that says what that is, and what it got. */
function checker(mustBe: string, accepts: (value: unknown) => boolean) {
  return (owner: string, name: string, value: unknown): void => {
    if (accepts(value)) return;
    throw new Error(`${owner}: ${name} must be ${mustBe}, got ${describeValue(value)}`);
  };
}

const isNumber = (value: unknown): value is number => Number.isFinite(value);

/** @throws Error unless the value is a finite number above 0 */
export const checkPositive = checker('a positive number', (value) => isNumber(value) && value > 0);

/** @throws Error unless the value is a finite number of at least 0 */
export const checkNonNegative = checker('a number of at least 0', (value) => isNumber(value) && value >= 0);

/** @throws Error unless the value lies between 0 and 1, both excluded */
export const checkShare = checker(
  'a number between 0 and 1',
  (value) => isNumber(value) && value > 0 && value < 1,
);

/** @throws Error unless the value is a list of texts */
export const checkList = checker(
  'a list of names of columns',
  (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string'),
);

/** @throws Error unless the value is a whole number of at least `minimum` */
export function checkWhole(owner: string, name: string, value: unknown, minimum: number): void {
  const isWhole = (given: unknown) => Number.isSafeInteger(given) && (given as number) >= minimum;
  checker(`a whole number of at least ${minimum}`, isWhole)(owner, name, value);
}

/**
 * The law of a name.
 *
 * @param owner what the message begins with
 * @throws Error with the nearest name when there is none
 */
export function findNamed<L extends { readonly name: string }>(
  laws: readonly L[],
  name: string,
  owner?: string | undefined,
): L {
  const found = laws.find((law) => law.name === name);
  if (found) return found;
  const names = laws.map((law) => law.name);
  throw new Error(
    `${owner === undefined ? '' : `${owner}: `}there is no law named "${name}", did you mean "${nearestName(name, names)}"? ` +
      `The laws are ${names.join(', ')}`,
  );
}

/** A value as an error message shows it, with its type where that is not plain from the value. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return `${JSON.stringify(value)} (string)`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
