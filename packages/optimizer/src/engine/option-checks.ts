import type { HyperparameterSpec } from '../rule/update-rule.ts';
import { equivalentOption, misspeltOption, needlessOption } from './foreign-names.ts';

/** A hyperparameter's value: a number, or a function of the step (counted from 1). */
export type HyperparameterValue = number | ((step: number) => number);

/** How a value looks in an error message: its JSON and its type. */
export function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'function') return 'a function';
  if (value instanceof Promise) return 'a promise';
  return `${textOf(value)} (${value === null ? 'null' : typeof value})`;
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // A bigint, or an object that holds itself.
    return typeof value === 'object' ? Object.prototype.toString.call(value) : String(value);
  }
}

/**
 * Refuses keys that are not known, naming the one that is meant: what it is called elsewhere, or the nearest name.
 *
 * @param besides Options of the same optimizer that are not known here, but tell what a name means in it.
 */
export function checkKeys(
  where: string,
  options: object,
  known: readonly string[],
  besides: readonly string[] = [],
): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new Error(
      `${where} has no option "${key}"${remedyFor(key, known, besides)} Known options: ${known.join(', ')}`,
    );
  }
}

function remedyFor(key: string, known: readonly string[], besides: readonly string[]): string {
  const meant = equivalentOption(key, [...known, ...besides]);
  if (key === 'betas' && known.includes('beta1') && known.includes('beta2')) {
    return '; did you mean "beta1" and "beta2"?';
  }
  if (meant !== undefined && known.includes(meant)) return `; did you mean "${meant}"?`;
  const reason = needlessOption(key);
  if (reason !== undefined) return ` and ${reason}.`;
  const misspelt = misspeltOption(key, known);
  return misspelt === undefined ? '.' : `; did you mean "${misspelt}"?`;
}

function rangeProblem(value: number, spec: HyperparameterSpec): string | undefined {
  const { minimum, maximum, below } = spec;
  const inside =
    Number.isFinite(value) &&
    (minimum === undefined || value >= minimum) &&
    (maximum === undefined || value <= maximum) &&
    (below === undefined || value < below);
  if (inside) return undefined;
  const bounds = [
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ];
  return ['a finite number', ...bounds].join(', ').replace(/, ([^,]*)$/, ' and $1');
}

/** @throws Error if a hyperparameter's value is neither a number in range nor a function. */
export function checkHyperparameter(
  where: string,
  name: string,
  value: unknown,
  spec: HyperparameterSpec,
): void {
  if (typeof value === 'function') return;
  const problem =
    typeof value === 'number' ? rangeProblem(value, spec) : (rangeProblem(Number.NaN, spec) as string);
  if (problem !== undefined) {
    throw new Error(
      `${where}: ${name} must be ${problem}, or a schedule of such numbers, got ${show(value)}`,
    );
  }
}

/**
 * The value of a hyperparameter at a step.
 *
 * @throws Error if a schedule returns a number out of range.
 */
export function hyperparameterAt(
  where: string,
  name: string,
  value: HyperparameterValue,
  step: number,
  spec: HyperparameterSpec,
): number {
  if (typeof value === 'number') return value;
  const now = value(step);
  if (typeof now !== 'number' || rangeProblem(now, spec) !== undefined) {
    throw new Error(
      `${where}: the schedule of ${name} must give ${rangeProblem(Number.NaN, spec)}, gave ${show(now)} at step ${step}`,
    );
  }
  return now;
}
