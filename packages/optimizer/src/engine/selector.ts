import type { ParameterInfo } from '../parameter.ts';
import { compileGlob } from './glob.ts';
import { show } from './option-checks.ts';

/** A selector that is plain data, so that it can be saved and written in a configuration file. */
export interface SelectorPattern {
  /** Glob on the variable's name. */
  readonly name?: string | readonly string[] | undefined;
  /** The variable's role. */
  readonly role?: string | readonly string[] | undefined;
  /** Number of axes. */
  readonly rank?: number | readonly number[] | undefined;
  /** Smallest number of elements. */
  readonly minimumSize?: number | undefined;
  /** Largest number of elements. */
  readonly maximumSize?: number | undefined;
  readonly anyOf?: readonly ParameterSelector[] | undefined;
  readonly allOf?: readonly ParameterSelector[] | undefined;
  readonly not?: ParameterSelector | undefined;
}

/** Which parameters: a glob on the name, a pattern whose every entry must hold, or a predicate. */
export type ParameterSelector = string | SelectorPattern | ((parameter: ParameterInfo) => boolean);

const patternKeys = ['name', 'role', 'rank', 'minimumSize', 'maximumSize', 'anyOf', 'allOf', 'not'];

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/**
 * Compiles a selector to a predicate.
 *
 * @throws Error if the selector is of another type or has an unknown key, or a value of another type under a known one.
 */
export function compileSelector(selector: ParameterSelector): (parameter: ParameterInfo) => boolean {
  if (typeof selector === 'function') return selector;
  if (typeof selector === 'string') {
    const matches = compileGlob(selector);
    return (parameter) => matches(parameter.name);
  }
  if (typeof selector !== 'object' || selector === null || Array.isArray(selector)) {
    throw new Error(`match must be a name glob, a pattern or a function, got ${JSON.stringify(selector)}`);
  }
  for (const key of Object.keys(selector)) {
    if (!patternKeys.includes(key)) {
      throw new Error(`match has the unknown key "${key}"; known keys: ${patternKeys.join(', ')}`);
    }
  }
  checkPattern(selector);
  const checks: ((parameter: ParameterInfo) => boolean)[] = [];
  const { name, role, rank, minimumSize, maximumSize, anyOf, allOf, not } = selector;
  if (name !== undefined) {
    const globs = listOf(name).map(compileGlob);
    checks.push((parameter) => globs.some((matches) => matches(parameter.name)));
  }
  if (role !== undefined) {
    checks.push((parameter) => parameter.role !== undefined && listOf(role).includes(parameter.role));
  }
  if (rank !== undefined) checks.push((parameter) => listOf(rank).includes(parameter.shape.length));
  if (minimumSize !== undefined) checks.push((parameter) => parameter.size >= minimumSize);
  if (maximumSize !== undefined) checks.push((parameter) => parameter.size <= maximumSize);
  if (anyOf !== undefined) {
    const any = anyOf.map(compileSelector);
    checks.push((parameter) => any.some((check) => check(parameter)));
  }
  if (allOf !== undefined) checks.push(...allOf.map(compileSelector));
  if (not !== undefined) {
    const negated = compileSelector(not);
    checks.push((parameter) => !negated(parameter));
  }
  if (checks.length === 0) throw new Error('match is an empty pattern: it would select nothing on purpose');
  return (parameter) => checks.every((check) => check(parameter));
}

/** What the entries of a pattern must be: one of another type selects nothing, and under `not` everything. A list may be empty. */
const entryKinds: Readonly<Record<string, readonly [what: string, accepts: (value: unknown) => boolean]>> = {
  name: ['a string or a list of strings', isEvery(isString)],
  role: ['a string or a list of strings', isEvery(isString)],
  rank: ['a whole number of at least 0, or a list of them', isEvery(isCount)],
  minimumSize: ['a number of at least 0', isSize],
  maximumSize: ['a number of at least 0', isSize],
  anyOf: ['a list of selectors', Array.isArray],
  allOf: ['a list of selectors', Array.isArray],
};

/** Of a value or each of a list. */
function isEvery(accepts: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => listOf(value).every(accepts);
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

function isSize(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}

function checkPattern(pattern: SelectorPattern): void {
  for (const [key, [what, accepts]] of Object.entries(entryKinds)) {
    const value: unknown = pattern[key as keyof SelectorPattern];
    if (value === undefined || accepts(value)) continue;
    throw new Error(`match.${key} must be ${what}, got ${show(value)}`);
  }
}
