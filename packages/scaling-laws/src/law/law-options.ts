import type { HoldOutOptions } from '../fitting/hold-out.ts';
import { checkKeys, checkShare, checkWhole, describeValue } from '../options.ts';
import { commonOptions, type Law, type LawOptions, type QuerySpec } from './law.ts';

/** The options that every law takes, with their defaults filled in. */
export interface CommonOptions {
  readonly columns: Readonly<Record<string, string>>;
  readonly bootstrap: number;
  readonly seed: number;
  readonly confidence: number;
  readonly holdOut?: HoldOutOptions | undefined;
}

/**
 * Checks the options of a law's `fit` and fills in the defaults of those that every law takes.
 *
 * @param bootstrap resamples when the options do not say
 * @throws Error naming an option that is unknown or wrong
 */
export function readLawOptions(
  law: Pick<Law, 'name' | 'options'>,
  options: LawOptions,
  bootstrap: number,
): CommonOptions {
  checkKeys(law.name, options, [...commonOptions, ...law.options.map(({ name }) => name)]);
  const { columns = {}, bootstrap: samples = bootstrap, seed = 0, confidence = 0.95, holdOut } = options;
  checkWhole(law.name, 'bootstrap', samples, 0);
  if (samples === 1) throw new Error(`${law.name}: bootstrap must be 0 or at least 2, got 1`);
  checkWhole(law.name, 'seed', seed, 0);
  checkShare(law.name, 'confidence', confidence);
  return { columns, bootstrap: samples, seed, confidence, ...(holdOut === undefined ? {} : { holdOut }) };
}

/** Steps of the longest run that a law goes through one by one. */
const mostSteps = 100_000_000;

/**
 * Checks a question to a fit: names that exist, required ones given, positive numbers.
 *
 * @throws Error naming what is unknown, missing or wrong
 */
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
    if (whole) {
      if (Number.isSafeInteger(value) && value! > 0 && value! <= mostSteps) continue;
      throw new Error(
        `${owner}: ${name} (${meaning}) must be a whole number from 1 to ${mostSteps}, got ${describeValue(value)}`,
      );
    }
    if (Number.isFinite(value) && value! > 0) continue;
    throw new Error(`${owner}: ${name} (${meaning}) must be a positive number, got ${describeValue(value)}`);
  }
}
