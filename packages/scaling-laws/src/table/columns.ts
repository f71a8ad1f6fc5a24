import { printableList } from '@steepest/run-files';
import { rangeOf } from '../fitting/numbers.ts';
import { checkKeys } from '../options.ts';
import type { Cell, Table } from './table.ts';

/** A column that a law reads. */
export interface ColumnSpec {
  /** The name that the table may have it under, and that `columns` and messages use. */
  readonly name: string;
  /** The property of a row that holds it; by default `name`. */
  readonly key?: string | undefined;
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

interface ReadColumnsOptions {
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
    const name = findColumn(table, spec, columns[spec.name]);
    if (name !== undefined) return [{ spec, name, cells: table.column(name) }];
    if (spec.required === false) return [];
    throw new Error(
      `${table.source}: there is no column "${spec.name}" (${spec.meaning}); its columns are ${printableList(table.names)}. ` +
        `Name the one that holds it: { columns: { ${spec.name}: '...' } }`,
    );
  });
  for (const { spec, name, cells } of found) {
    checkQuantity(table, spec.quantity, name, cells);
    if (!spec.mustVary || new Set(cells).size !== 1) continue;
    throw new Error(
      `${table.source}: column ${name} is constant (${cells[0]}), so its influence cannot be fitted`,
    );
  }
  const rows = Array.from({ length: table.length }, (_, row) => row);
  return rows.map(
    (row) => Object.fromEntries(found.map(({ spec, cells }) => [spec.key ?? spec.name, cells[row]])) as Row,
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

interface QuantityCheck {
  /** As a message says it. */
  readonly unit: string;
  /** No real run has its largest value below the first or above the second number. */
  readonly plausible?: readonly [number, number] | undefined;
  readonly tooSmall?: string | undefined;
  readonly tooLarge?: string | undefined;
}

const checks = {
  parameters: {
    unit: 'parameters (a plain count)',
    plausible: [2000, 1e16],
    tooSmall: 'thousands, millions or billions',
  },
  tokens: {
    unit: 'tokens (a plain count)',
    plausible: [20_000, 1e18],
    tooSmall: 'thousands, millions, billions or trillions',
  },
  flops: {
    unit: 'FLOPs (a plain count)',
    plausible: [1e8, 1e32],
    tooSmall: 'peta- or exaFLOPs, or a logarithm',
  },
  loss: {
    unit: 'nats per token',
    plausible: [0, 20],
    tooLarge: 'a perplexity, or summed over tokens; the loss is its logarithm, or its mean',
  },
  learningRate: { unit: 'learning rate', plausible: [0, 100] },
  batchTokens: { unit: 'tokens per step', plausible: [16, 1e12], tooSmall: 'millions' },
  steps: { unit: 'steps', plausible: [1, 1e8] },
  contextLength: { unit: 'tokens per sequence', plausible: [8, 1e9] },
  positive: { unit: 'a positive number' },
  number: { unit: 'a number' },
} satisfies Record<string, QuantityCheck>;

/** What a column measures. */
export type Quantity = keyof typeof checks | 'text';

/** Whether every value of a quantity is above 0. */
export function isPositiveQuantity(quantity: Quantity): boolean {
  return quantity !== 'text' && quantity !== 'number';
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

/** @throws Error saying which value of a column cannot be right, in which row, and what would be */
function checkQuantity(table: Table, quantity: Quantity, name: string, cells: readonly Cell[]): void {
  if (quantity === 'text') return;
  const where = `${table.source}: column ${name}`;
  const { unit, plausible, tooSmall, tooLarge }: QuantityCheck = checks[quantity];
  const stated = otherUnits.find(([of, pattern]) => of === quantity && pattern.test(name));
  if (stated) throw new Error(`${where} is by its name ${stated[2]} (expected: ${unit})`);
  const isPositive = isPositiveQuantity(quantity);
  cells.forEach((cell, row) => {
    if (typeof cell === 'number' && Number.isFinite(cell) && (cell > 0 || !isPositive)) return;
    const wanted = isPositive ? 'a positive number' : 'a number';
    const got = cell === null ? 'nothing' : typeof cell === 'string' ? JSON.stringify(cell) : cell;
    throw new Error(`${where}, ${table.place(row)}: must be ${wanted} (${unit}), got ${got}`);
  });
  if (plausible === undefined || cells.length === 0) return;
  const largest = rangeOf(cells as readonly number[]).high;
  const [low, high] = plausible;
  if (largest >= low && largest <= high) return;
  const hint = largest < low ? tooSmall : tooLarge;
  throw new Error(
    `${where} must be ${unit}, but its largest value is ${largest}` +
      (hint === undefined ? '' : `: it looks like ${hint}`),
  );
}
