import type { Goodness } from '../fitting/goodness.ts';
import type { HeldOutGoodness, LawFit } from '../law/law.ts';
import { formatInterval, formatNumber } from './numbers.ts';

/** A table of texts: the first row names the columns. */
export interface TextTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The parameters of a fit, with intervals where it has any. */
export function parameterTable({ parameters }: LawFit): TextTable {
  const bounded = parameters.some(({ interval }) => interval !== undefined);
  return {
    head: ['parameter', 'value', ...(bounded ? ['interval', 'standard error'] : []), 'meaning'],
    rows: parameters.map(({ name, value, meaning, interval }) => [
      name,
      formatNumber(value),
      ...(bounded ? [formatInterval(interval), formatNumber(interval?.standardError, 3)] : []),
      meaning,
    ]),
  };
}

/** How well a fit does on the rows fitted on, and on those held out. */
export function goodnessTable({ goodness, holdOut }: LawFit): TextTable {
  return {
    head: ['rows', 'points', 'R2', 'mean error', 'RMS log error', 'worst error'],
    rows: [
      ['fitted', ...goodnessCells(goodness)],
      ...(holdOut === undefined ? [] : [['held out', ...goodnessCells(holdOut)]]),
    ],
  };
}

/** Which rows were held out, and what their errors are of. */
export function describeHoldOut({
  quantity = 'loss',
  largestFitted,
  smallestHeldOut,
  largestHeldOut,
}: Partial<HeldOutGoodness>): string {
  if (largestFitted === undefined) return `held out: whole runs; errors of the ${quantity}`;
  const flops = (value: number | undefined) => formatNumber(value, 3);
  return (
    `held out: ${flops(smallestHeldOut)} to ${flops(largestHeldOut)} FLOPs, fitted up to ${flops(largestFitted)}; ` +
    `errors of the ${quantity}`
  );
}

function goodnessCells(goodness: Goodness): string[] {
  return [
    String(goodness.points),
    formatNumber(goodness.r2, 4),
    formatNumber(goodness.meanAbsoluteError, 3),
    formatNumber(goodness.rootMeanSquareLogError, 3),
    `${formatNumber(100 * goodness.worstRelativeError, 3)} %`,
  ];
}
