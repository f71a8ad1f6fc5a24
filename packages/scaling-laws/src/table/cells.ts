import type { Cell } from './table.ts';

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** As Python, NumPy, JavaScript and spreadsheets write what is not a finite number. */
const notFinite = /^([+-]?)(nan|inf(?:inity)?)$/i;
/** As R, pandas and spreadsheets write a cell without a value. */
const missing = /^(NA|N\/A|n\/a|<NA>|#N\/A)$/;

/** A decimal number such as 20, -.5 or 1.2e9; `undefined` for any other text, hexadecimal ones included. */
export function decimalNumber(text: string): number | undefined {
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
