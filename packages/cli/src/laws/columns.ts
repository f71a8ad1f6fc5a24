import { nearestName, printableList } from '@steepest/run-files';
import type { Cell, Law, Table } from '@steepest/scaling-laws';
import { distance } from 'fastest-levenshtein';
import { UsageError } from '../frame.ts';
import { type Expression, parseExpression } from './expressions.ts';

/** A table with what the flags of columns say, and the names that the law finds its columns under. */
export interface ChosenColumns {
  readonly table: Table;
  readonly columns: Readonly<Record<string, string>>;
}

/**
 * Keeps the rows that every `--where` accepts.
 *
 * @throws Error when no row is left, or a condition gives no yes or no
 */
export function keepRows(table: Table, conditions: readonly string[]): Table {
  const expressions = conditions.map((text) => parseExpression('--where', text, table));
  const kept: number[] = [];
  for (let row = 0; row < table.length; row += 1) {
    const accepted = expressions.every((expression) => {
      const value = valueAt('--where', expression, table, row);
      if (typeof value === 'boolean') return value;
      throw new UsageError(
        `--where: "${expression.text}" gives ${value}, not yes or no; compare it with something`,
      );
    });
    if (accepted) kept.push(row);
  }
  if (kept.length === table.length) return table;
  if (kept.length === 0) throw new Error(`${table.source}: --where keeps none of the ${table.length} rows`);
  return table.only(kept);
}

/**
 * Takes the columns of a law from where `--column` says: a column of another name, or an expression over columns.
 *
 * @param given `name=column or expression`, as typed
 * @throws UsageError when the law has no such column, or the table lacks one that it needs
 */
export function chooseColumns(law: Law, table: Table, given: readonly string[]): ChosenColumns {
  const columns: Record<string, string> = {};
  const derived: Record<string, Cell[]> = {};
  const known = law.columns.map(({ name }) => name);
  for (const text of given) {
    const [, name = '', source = ''] = /^\s*([^=\s]+)\s*=(.+)$/s.exec(text) ?? [];
    if (name === '') {
      throw new UsageError(`--column ${text}: expected <column of the law>=<column or expression>`);
    }
    if (!known.includes(name)) {
      throw new UsageError(
        `--column ${text}: ${law.name} reads no column "${name}", did you mean "${nearestName(name, known)}"? ` +
          `Its columns are ${known.join(', ')}`,
      );
    }
    if (table.has(source.trim())) columns[name] = source.trim();
    else derived[name] = calculate(name, source.trim(), table);
  }
  for (const { name, meaning, aliases = [], required = true } of law.columns) {
    if (!required || name in columns || name in derived) continue;
    const names = [name, ...aliases];
    if (names.some((candidate) => table.has(candidate))) continue;
    const guess = likely(law, names, table);
    throw new UsageError(
      `${table.source}: there is no column "${name}" (${meaning})` +
        `${guess === undefined ? '. ' : `. Is it "${guess}"? `}` +
        `Name the one that holds it, or calculate it: --column ${name}=<column or expression>. ` +
        `The columns are ${printableList(table.names)}`,
    );
  }
  if (Object.keys(derived).length === 0) return { table, columns };
  return { table: table.with(derived), columns };
}

function calculate(name: string, text: string, table: Table): Cell[] {
  const flag = `--column ${name}`;
  const expression = parseExpression(flag, text, table);
  return Array.from({ length: table.length }, (_, row) => {
    const value = valueAt(flag, expression, table, row);
    if (typeof value !== 'boolean') return value;
    throw new UsageError(`${flag}: "${text}" gives ${value}, not a number or a text`);
  });
}

function valueAt(flag: string, expression: Expression, table: Table, row: number) {
  try {
    return expression.valueAt(row);
  } catch (error) {
    throw new Error(`${flag}: "${expression.text}", ${table.place(row)}: ${(error as Error).message}`);
  }
}

/** A name of the table that looks like one that would have been found, and that no other column of the law has. */
function likely(law: Law, wanted: readonly string[], table: Table): string | undefined {
  const taken = law.columns.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  const free = table.names.filter((name) => !taken.includes(name));
  const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return wanted
    .filter((name) => name.length > 2)
    .map((name) => ({ name: plain(name), candidate: nearestName(name, free) }))
    .find(({ name, candidate }) => {
      const other = plain(candidate ?? '');
      if (other.length < 2) return false;
      return other.includes(name) || name.includes(other) || distance(name, other) <= name.length / 3;
    })?.candidate;
}
