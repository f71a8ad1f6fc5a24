import type { Goodness } from '../fitting/goodness.ts';
import type { HeldOutGoodness, LawFit } from '../law.ts';
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

/** Where the fitted rows end and the held-out ones begin. */
export function describeHoldOut({
  quantity,
  largestFitted,
  smallestHeldOut,
  largestHeldOut,
}: HeldOutGoodness): string {
  const flops = (value: number) => formatNumber(value, 3);
  return (
    `held out: ${flops(smallestHeldOut)} to ${flops(largestHeldOut)} FLOPs, fitted up to ${flops(largestFitted)}` +
    (quantity === undefined ? '' : `; errors of the ${quantity}`)
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
