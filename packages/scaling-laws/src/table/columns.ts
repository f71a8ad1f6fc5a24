import { printableList } from '@steepest/run-files';
import { checkKeys } from '../options.ts';
import { checkQuantity, type Quantity } from './quantities.ts';
import type { Cell, Table } from './table.ts';

/** A column that a law reads. */
export interface ColumnSpec {
  /** The name under which the law gets it, and the table may have it. */
  readonly name: string;
  readonly meaning: string;
  /** What is measured, in which unit; decides how values are checked. */
  readonly quantity: Quantity;
  /** Other names a table may have it under, first match wins. */
  readonly aliases?: readonly string[] | undefined;
  /** By default true. */
  readonly required?: boolean | undefined;
  /** Whether a column with one value only is refused, as it cannot be fitted on; by default false. */
  readonly mustVary?: boolean | undefined;
}

/** Options of {@link readColumns}. */
export interface ReadColumnsOptions {
  /** Name of the table's column for a column of the law. */
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** Fewest rows that can be used; by default 1. */
  readonly least?: number | undefined;
}

/**
 * The columns of a law as rows of numbers (or texts, for the quantity `text`); an optional column that the table lacks is
 * left out of the rows.
 *
 * @throws Error saying which column is missing, which value cannot be right and what would be
 */
export function readColumns<Row>(
  table: Table,
  specs: readonly ColumnSpec[],
  options: ReadColumnsOptions = {},
): Row[] {
  const { columns = {}, least = 1 } = options;
  checkKeys(
    'columns',
    columns,
    specs.map(({ name }) => name),
  );
  if (table.length < least) {
    throw new Error(`${table.source}: ${table.length} rows are too few, at least ${least} are needed`);
  }
  const found = specs.flatMap((spec) => {
    const name = requiredColumn(table, spec, columns[spec.name]);
    return name === undefined ? [] : [{ spec, name, cells: table.column(name) }];
  });
  for (const { spec, name, cells } of found) checkCells(table, spec, name, cells);
  return Array.from(
    { length: table.length },
    (_, row) => Object.fromEntries(found.map(({ spec, cells }) => [spec.name, cells[row]])) as Row,
  );
}

/** The table's column for a column of a law: the one given, or the first of its names; `undefined` when it has none. */
export function findColumn(table: Table, spec: ColumnSpec, given: string | undefined): string | undefined {
  if (given !== undefined) {
    table.column(given);
    return given;
  }
  const name = [spec.name, ...(spec.aliases ?? [])].find((candidate) => table.has(candidate));
  if (spec.required !== false || name === undefined) return name;
  return table.column(name).some((cell) => cell !== null) ? name : undefined;
}

function requiredColumn(table: Table, spec: ColumnSpec, given: string | undefined): string | undefined {
  const name = findColumn(table, spec, given);
  if (name !== undefined || spec.required === false) return name;
  throw new Error(
    `${table.source}: there is no column "${spec.name}" (${spec.meaning}); its columns are ${printableList(table.names)}. ` +
      `Name the one that holds it: { columns: { ${spec.name}: '...' } }`,
  );
}

function checkCells(table: Table, spec: ColumnSpec, name: string, cells: readonly Cell[]): void {
  checkQuantity(`${table.source}: column ${name}`, spec.quantity, name, cells, (row) => table.place(row));
  if (spec.mustVary && new Set(cells).size === 1) {
    throw new Error(
      `${table.source}: column ${name} is constant (${cells[0]}), so its influence cannot be fitted`,
    );
  }
}
