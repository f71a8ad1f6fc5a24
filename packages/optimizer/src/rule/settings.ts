import type { SettingSpec } from './update-rule.ts';

/** A setting that is one of some words. */
export function oneOf<const Word extends string>(
  words: readonly Word[],
  usual: NoInfer<Word>,
  description: string,
): SettingSpec<Word> {
  return {
    default: usual,
    description,
    choices: words,
    check: (value) => (words.includes(value as Word) ? undefined : `must be one of ${words.join(', ')}`),
  };
}

/** A setting that is true or false. */
export function flag(usual: boolean, description: string): SettingSpec<boolean> {
  return {
    default: usual,
    description,
    check: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  };
}

/** A setting that is a whole number from 1. */
export function positiveInteger(usual: number, description: string): SettingSpec<number> {
  return {
    default: usual,
    description,
    check: (value) =>
      Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : 'must be an integer from 1',
  };
}
