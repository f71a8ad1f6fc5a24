import { printableList } from '@steepest/run-files';
import { rangeOf } from '../fitting/numbers.ts';
import { checkKeys } from '../options.ts';
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

/** What a column measures. */
export type Quantity =
  | 'parameters'
  | 'tokens'
  | 'flops'
  | 'loss'
  | 'learningRate'
  | 'batchTokens'
  | 'steps'
  | 'contextLength'
  | 'positive'
  | 'number'
  | 'text';

interface QuantityCheck {
  /** As a message says it. */
  readonly unit: string;
  /** Every value is above 0 (learning rates and counts of steps may be 0). */
  readonly positive: boolean;
  readonly whole?: boolean | undefined;
  /** No real run has its largest value below the first or above the second number. */
  readonly plausible?: readonly [number, number] | undefined;
  readonly tooSmall?: string | undefined;
  readonly tooLarge?: string | undefined;
}

const checks: Readonly<Record<Exclude<Quantity, 'text'>, QuantityCheck>> = {
  parameters: {
    unit: 'parameters (a plain count)',
    positive: true,
    plausible: [2000, 1e16],
    tooSmall: 'thousands, millions or billions',
  },
  tokens: {
    unit: 'tokens (a plain count)',
    positive: true,
    plausible: [20_000, 1e18],
    tooSmall: 'thousands, millions, billions or trillions',
  },
  flops: {
    unit: 'FLOPs (a plain count)',
    positive: true,
    plausible: [1e8, 1e32],
    tooSmall: 'peta- or exaFLOPs, or a logarithm',
  },
  loss: {
    unit: 'nats per token',
    positive: true,
    plausible: [0, 20],
    tooLarge: 'a perplexity, or summed over tokens; the loss is its logarithm, or its mean',
  },
  learningRate: { unit: 'learning rate', positive: true, plausible: [0, 100] },
  batchTokens: { unit: 'tokens per step', positive: true, plausible: [16, 1e12], tooSmall: 'millions' },
  steps: { unit: 'steps', positive: true, plausible: [1, 1e8] },
  contextLength: { unit: 'tokens per sequence', positive: true, plausible: [8, 1e9] },
  positive: { unit: 'a positive number', positive: true },
  number: { unit: 'a number', positive: false },
};

/** Whether every value of a quantity is above 0. */
export function isPositiveQuantity(quantity: Quantity): boolean {
  return quantity !== 'text' && checks[quantity].positive;
}

/** Endings of a column's name that state another unit than the one expected. */
const otherUnits: readonly (readonly [Quantity, RegExp, string])[] = [
  ['loss', /(^|[^a-z])(bits?|bpb|bpc|bpt)([^a-z]|$)/i, 'in bits; multiply by ln 2 = 0.693147 for nats'],
  ['loss', /(^|[^a-z])(ppl|perplexity)([^a-z]|$)/i, 'a perplexity; the loss is its natural logarithm'],
  [
    'tokens',
    /[^a-z](b|bn|billions?|m|mn|millions?|t|trillions?)[^a-z]*$/i,
    'in another unit; give plain counts',
  ],
  ['parameters', /[^a-z](b|bn|billions?|m|mn|millions?)[^a-z]*$/i, 'in another unit; give plain counts'],
  ['flops', /(peta|exa|zetta|log)/i, 'in another unit; give plain counts'],
];

/**
 * Checks the cells of a column.
 *
 * @param where what the message begins with: the source and the column
 * @param placeOf what a message calls a row
 * @throws Error saying which value cannot be right, in which row, and what would be
 */
export function checkQuantity(
  where: string,
  quantity: Quantity,
  name: string,
  cells: readonly Cell[],
  placeOf: (row: number) => string,
): void {
  if (quantity === 'text') return;
  const check = checks[quantity];
  const stated = otherUnits.find(([of, pattern]) => of === quantity && pattern.test(name));
  if (stated) throw new Error(`${where} is by its name ${stated[2]} (expected: ${check.unit})`);
  cells.forEach((cell, row) => {
    if (typeof cell === 'number' && Number.isFinite(cell) && (cell > 0 || !check.positive)) return;
    const wanted = check.positive ? 'a positive number' : 'a number';
    const got = cell === null ? 'nothing' : typeof cell === 'string' ? JSON.stringify(cell) : cell;
    throw new Error(`${where}, ${placeOf(row)}: must be ${wanted} (${check.unit}), got ${got}`);
  });
  checkPlausible(where, check, cells as readonly number[]);
}

function checkPlausible(where: string, check: QuantityCheck, values: readonly number[]): void {
  if (!check.plausible || values.length === 0) return;
  const largest = rangeOf(values).high;
  const [low, high] = check.plausible;
  if (largest >= low && largest <= high) return;
  const hint = largest < low ? check.tooSmall : check.tooLarge;
  throw new Error(
    `${where} must be ${check.unit}, but its largest value is ${largest}` +
      (hint === undefined ? '' : `: it looks like ${hint}`),
  );
}
