import { equivalents, needless } from '../../packages/optimizer/src/engine/foreign-names.ts';
import { markdownTable } from '../../packages/run-files/src/markdown-table.ts';

/** Options of other libraries with those that they are here, as the engine suggests them. */
export function equivalentsTable(): string {
  return markdownTable(
    ['elsewhere', 'here'],
    equivalents.map(([names, options]) => [codeList(names.split(' ')), codeList(options, ' or ')]),
  );
}

/** Options of other libraries that have no counterpart, with why. */
export function needlessTable(): string {
  return markdownTable(
    ['elsewhere', 'here'],
    needless.map(([names, reason]) => [codeList(names.split(' ')), reason]),
  );
}

const codeList = (names: readonly string[], separator = ', '): string =>
  names.map((name) => `\`${name}\``).join(separator);
