/** Which tests of every file run first: those of the lowest rank. Handed to the workers under this key. */
export const testRanksKey = 'testRanks';

/** Ranks of tests, by the name that {@link rankKey} gives them. */
export type TestRanks = Readonly<Record<string, number>>;

/** @param names Of the suites around a test, from the outermost, and of the test. */
export const rankKey = (file: string, names: readonly string[]): string => `${file}#${names.join(' > ')}`;
