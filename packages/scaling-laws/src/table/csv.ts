import { printable } from '@steepest/run-files';
import Papa from 'papaparse';
import { type Cell, Table } from './table.ts';

/**
 * A table from the text of a CSV file (comma, tab, semicolon or bar, found by itself) with names in its first row. Decimal
 * numbers are numbers, and so are `nan`, `inf` and `-inf` in any case; empty cells and `NA` are `null`; all others are texts.
 *
 * @param source where the text came from, for messages
 * @throws Error when there is no row, the first row holds no names, two columns share one, or a row has another number of
 *   cells than the first
 */
export function tableFromCsv(text: string, source: string): Table {
  const { data, errors } = Papa.parse<string[]>(text, { skipEmptyLines: 'greedy' });
  const problem = errors.find(({ type }) => type !== 'Delimiter');
  if (problem) throw new Error(`${source}, row ${(problem.row ?? 0) + 1}: ${printable(problem.message)}`);
  const [header = [], ...rows] = data;
  if (rows.length === 0) throw new Error(`${source}: there are no rows below the names of the columns`);
  const names = header.map((name) => name.trim());
  if (names.every((name) => decimalNumber(name) !== undefined)) {
    throw new Error(
      `${source}: the first row must name the columns, but holds numbers only: ${names.slice(0, 5).join(', ')}`,
    );
  }
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new Error(`${source}: two columns are named "${printable(repeated)}"`);
  rows.forEach((row, index) => {
    if (row.length === names.length) return;
    throw new Error(
      `${source}, row ${index + 1}: ${row.length} cells, but ${names.length} columns have names`,
    );
  });
  return new Table(
    source,
    Object.fromEntries(names.map((name, column) => [name, rows.map((row) => cellOf(row[column]!))])),
  );
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** As Python, NumPy, JavaScript and spreadsheets write what is not a finite number. */
const notFinite = /^([+-]?)(nan|inf(?:inity)?)$/i;
/** As R, pandas and spreadsheets write a cell without a value. */
const missing = /^(NA|N\/A|n\/a|<NA>|#N\/A)$/;

/** A decimal number such as 20, -.5 or 1.2e9; `undefined` for any other text, hexadecimal ones included. */
function decimalNumber(text: string): number | undefined {
  const value = decimal.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** The cell that a text of a file stands for: a number, `NaN` and infinities included, `null` for none, or the text. */
export function cellOf(text: string): Cell {
  const trimmed = text.trim();
  if (trimmed === '' || missing.test(trimmed)) return null;
  const number = decimalNumber(trimmed);
  if (number !== undefined) return number;
  const [, sign, name = ''] = notFinite.exec(trimmed) ?? [];
  if (name === '') return trimmed;
  if (name.toLowerCase() === 'nan') return Number.NaN;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
