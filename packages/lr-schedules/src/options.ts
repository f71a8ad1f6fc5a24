import { distance } from 'fastest-levenshtein';
import { meaningOf } from './usual-names.ts';

/** One option: what it must be, in words and as a test, and its default when it may be left out. */
export interface Option<T> {
  readonly mustBe: string;
  readonly accepts: (value: unknown) => boolean;
  readonly default?: T | undefined;
}

export const positiveNumber: Option<number> = {
  mustBe: 'a positive number',
  accepts: (value) => isFiniteNumber(value) && value > 0,
};

export const nonNegativeNumber: Option<number> = {
  mustBe: 'a number of at least 0',
  accepts: (value) => isFiniteNumber(value) && value >= 0,
};

/** A share of the peak. */
export function factor(defaultValue: number): Option<number> {
  return {
    mustBe: 'a number from 0 to 1',
    accepts: (value) => isFiniteNumber(value) && value >= 0 && value <= 1,
    default: defaultValue,
  };
}

export function wholeNumber(minimum: number, defaultValue?: number): Option<number> {
  return {
    mustBe: `a whole number of at least ${minimum}`,
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= minimum,
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
  };
}

export function oneOf<T extends string>(choices: readonly T[], defaultValue: T): Option<T> {
  return {
    mustBe: `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`,
    accepts: (value) => choices.includes(value as T),
    default: defaultValue,
  };
}

/** Options with all defaults filled in. */
export type Checked<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };

/**
 * Checks the options of a schedule and fills in the defaults; `undefined` counts as left out.
 *
 * @param schedule name of the schedule, for the messages
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function readOptions<T extends object>(
  schedule: string,
  given: unknown,
  options: { readonly [K in keyof T]-?: Option<Exclude<T[K], undefined>> },
): Checked<T> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new Error(`${schedule}: options must be an object, got ${describeValue(given)}`);
  }
  const known = Object.keys(options);
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) {
      throw new Error(
        `${schedule}: unknown option "${key}", did you mean "${nearest(key, known)}"? ` +
          `Its options are ${known.join(', ')}`,
      );
    }
  }
  const values = known.map((key) => {
    const option: Option<unknown> = options[key as keyof T];
    const value = (given as Record<string, unknown>)[key];
    if (value === undefined && option.default !== undefined) return [key, option.default];
    if (!option.accepts(value)) {
      throw new Error(`${schedule}: ${key} must be ${option.mustBe}, got ${describeValue(value)}`);
    }
    return [key, value];
  });
  return Object.fromEntries(values);
}

/** A value as an error message shows it, with its type where that is not plain from the value. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return `${JSON.stringify(value)} (string)`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The known name that is meant by a usual one of another library, or else closest to a mistyped one. */
export function nearest(name: string, known: readonly string[]): string {
  const usual = meaningOf(name, known);
  if (usual !== undefined) return usual;
  const distances = known.map((candidate) => edits(name.toLowerCase(), candidate.toLowerCase()));
  return known[distances.indexOf(Math.min(...distances))]!;
}

// Edits between two words, where leaving off the end of a word is half an edit however much is missing:
// "warmup" is meant as "warmupSteps", although five letters are missing.
function edits(a: string, b: string): number {
  if (a.length > 2 && b.length > 2 && (a.startsWith(b) || b.startsWith(a))) return 0.5;
  return distance(a, b);
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}
