import {
  checkKeys,
  checkNonNegative,
  checkPositive,
  checkShare,
  checkWhole,
  describeValue,
} from '../options.ts';
import { commonOptions, type LawOptionSpec, type LawOptions } from './law.ts';

/** An option of one law: what it means, its default, and how a value of it is read. */
export interface OptionSpec<Value, Given = Value> {
  readonly meaning: string;
  readonly default: Value;
  /** What a user may give for it; a type only. */
  readonly given?: Given | undefined;
  readonly choices?: readonly string[] | undefined;
  /** Whether it takes data rather than a setting, so that no command line can give it. */
  readonly isData?: boolean | undefined;
  /** @throws Error naming the option when the value cannot be used */
  read(owner: string, name: string, value: unknown): Value;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec<unknown>>>;

/** The values of some options, defaults filled in. */
export type OptionValues<Specs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends OptionSpec<infer Value, unknown> ? Value : never;
};

/** The values of some options as a user gives them. */
export type OptionsGiven<Specs> = {
  readonly [Name in keyof Specs]?:
    | (Specs[Name] extends OptionSpec<unknown, infer Given> ? Given : never)
    | undefined;
};

function checked<Value>(
  meaning: string,
  fallback: Value,
  check: (owner: string, name: string, value: unknown) => void,
  rest: Pick<OptionSpec<Value>, 'choices' | 'isData'> = {},
): OptionSpec<Value> {
  return {
    meaning,
    default: fallback,
    ...rest,
    read(owner, name, value) {
      check(owner, name, value);
      return value as Value;
    },
  };
}

/** An option that is a number above 0. */
export const positive = (meaning: string, fallback: number) => checked(meaning, fallback, checkPositive);

/** An option that is a number of at least 0. */
export const nonNegative = (meaning: string, fallback: number) =>
  checked(meaning, fallback, checkNonNegative);

/** An option that is a whole number of at least `minimum`. */
export const whole = (meaning: string, fallback: number, minimum: number) =>
  checked(meaning, fallback, (owner, name, value) => checkWhole(owner, name, value, minimum));

/** An option that is one of a few words. */
export function choice<const Word extends string>(meaning: string, fallback: Word, choices: readonly Word[]) {
  const check = (owner: string, name: string, value: unknown) => {
    if (choices.includes(value as Word)) return;
    const words = choices.map((word) => `"${word}"`).join(' or ');
    throw new Error(`${owner}: ${name} must be ${words}, got ${describeValue(value)}`);
  };
  return checked<Word>(meaning, fallback, check, { choices });
}

/** An option that is a list of names, or one text with commas between them. */
export function names<Name extends string = string>(
  meaning: string,
  fallback: readonly Name[],
  known?: readonly Name[],
): OptionSpec<readonly Name[], readonly Name[] | string> {
  return {
    meaning,
    default: fallback,
    read(owner, name, value) {
      const list: unknown = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;
      const wanted = known === undefined ? 'names with commas between' : `some of ${known.join(', ')}`;
      const isName = (entry: unknown): entry is Name =>
        typeof entry === 'string' && (known === undefined || known.includes(entry as Name));
      if (Array.isArray(list) && list.length > 0 && list.every(isName)) return list;
      const wrong: unknown = Array.isArray(list) ? list.find((entry) => !isName(entry)) : undefined;
      throw new Error(`${owner}: ${name} must be ${wanted}, got ${describeValue(wrong ?? value)}`);
    },
  };
}

/** An option that takes data, which the law checks itself. */
export const data = <Value>(meaning: string, fallback: Value) =>
  checked<Value>(meaning, fallback, () => {}, { isData: true });

/** The options of a law as a list, for those that show them. */
export function listedOptions(specs: OptionSpecs): LawOptionSpec[] {
  const shown = Object.entries(specs).filter(([, { isData }]) => !isData);
  return shown.map(([name, { meaning, default: value, choices }]) => {
    const text = Array.isArray(value) ? value.join(',') : (value as number | string | boolean | undefined);
    return { name, meaning, default: text === '' ? undefined : text, choices };
  });
}

/**
 * Checks the options of a fit and fills in defaults.
 *
 * @param bootstrap resamples when the options do not say
 * @throws Error naming an option that is unknown or wrong
 */
export function readOptions<Specs extends OptionSpecs>(
  owner: string,
  specs: Specs,
  given: LawOptions,
  bootstrap: number,
) {
  checkKeys(owner, given, [...commonOptions, ...Object.keys(specs)]);
  const { columns = {}, bootstrap: samples = bootstrap, seed = 0, confidence = 0.95, holdOut } = given;
  checkWhole(owner, 'bootstrap', samples, 0);
  if (samples === 1) throw new Error(`${owner}: bootstrap must be 0 or at least 2, got 1`);
  checkWhole(owner, 'seed', seed, 0);
  checkShare(owner, 'confidence', confidence);
  const own = Object.entries(specs).map(([name, spec]) => {
    const value = given[name];
    return [name, value === undefined ? spec.default : spec.read(owner, name, value)];
  });
  const common = { columns, samples, seed, confidence, holdOut };
  return { ...common, own: Object.fromEntries(own) as OptionValues<Specs> };
}
