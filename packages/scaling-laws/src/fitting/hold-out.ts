import { checkKeys, checkPositive, checkShare } from '../options.ts';

/** What to keep out of a fit: the rows above a compute, or a share of the rows, those of most compute. */
export type HoldOutOptions = { readonly above: number } | { readonly fraction: number };

/**
 * Splits rows by compute, so that a test on the held-out ones is the extrapolation a law is for. Rows of equal compute
 * stay together: with `fraction` the held-out share is the largest that does not exceed it, but at least one compute.
 *
 * @param compute FLOPs of a row, positive
 * @returns rows to fit on with the largest compute among them, and rows of more compute to test the fit on
 * @throws Error when either side would be empty, or the option is wrong
 */
export function splitByCompute<Row>(
  rows: readonly Row[],
  compute: (row: Row) => number,
  options: HoldOutOptions,
) {
  const computes = rows.map(compute);
  const above = thresholdOf(computes, options);
  const fitted = rows.filter((row) => compute(row) <= above);
  const heldOut = rows.filter((row) => compute(row) > above);
  if (fitted.length === 0 || heldOut.length === 0) {
    throw new Error(
      `hold-out: no row ${heldOut.length === 0 ? 'is' : 'remains to fit that is not'} above ${above} FLOPs; ` +
        `the rows have ${Math.min(...computes)} to ${Math.max(...computes)}`,
    );
  }
  return { fitted, heldOut, largestFitted: Math.max(...fitted.map(compute)) };
}

function thresholdOf(computes: readonly number[], options: HoldOutOptions): number {
  checkKeys('hold-out', options, ['above', 'fraction']);
  if ('above' in options) {
    if ('fraction' in options) throw new Error('hold-out: give either above or fraction, not both');
    checkPositive('hold-out', 'above', options.above);
    return options.above;
  }
  checkShare('hold-out', 'fraction', options.fraction);
  const levels = [...new Set(computes)].sort((a, b) => b - a);
  let held = 0;
  for (const [index, level] of levels.entries()) {
    held += computes.filter((value) => value === level).length;
    if (held > options.fraction * computes.length) return levels[Math.max(1, index)] ?? level;
  }
  return levels.at(-1) ?? 0;
}
