import { rangeOf } from '../fitting/numbers.ts';
import type { Cell } from './table.ts';

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
