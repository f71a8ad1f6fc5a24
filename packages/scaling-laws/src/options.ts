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

/** @throws Error unless the value is a whole number of at least `minimum` */
export function checkWhole(owner: string, name: string, value: unknown, minimum: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= minimum) return;
  throw new Error(
    `${owner}: ${name} must be a whole number of at least ${minimum}, got ${describeValue(value)}`,
  );
}

/** @throws Error unless the value is a finite number above 0 */
export function checkPositive(owner: string, name: string, value: unknown): void {
  if (Number.isFinite(value) && (value as number) > 0) return;
  throw new Error(`${owner}: ${name} must be a positive number, got ${describeValue(value)}`);
}

/** @throws Error unless the value is a finite number of at least 0 */
export function checkNonNegative(owner: string, name: string, value: unknown): void {
  if (Number.isFinite(value) && (value as number) >= 0) return;
  throw new Error(`${owner}: ${name} must be a number of at least 0, got ${describeValue(value)}`);
}

/** @throws Error unless the value lies between 0 and 1, both excluded */
export function checkShare(owner: string, name: string, value: unknown): void {
  if (Number.isFinite(value) && (value as number) > 0 && (value as number) < 1) return;
  throw new Error(`${owner}: ${name} must be a number between 0 and 1, got ${describeValue(value)}`);
}

/** Options with all defaults filled in. */
export type Filled<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };

/** @throws Error unless the value is a list of texts */
export function checkList(owner: string, name: string, value: unknown): void {
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return;
  throw new Error(`${owner}: ${name} must be a list of names of columns, got ${describeValue(value)}`);
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
    `${owner === undefined ? '' : `${owner}: `}no law is called "${name}", did you mean "${nearestName(name, names)}"? ` +
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
