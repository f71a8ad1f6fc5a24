import type { Goodness } from '../fitting/goodness.ts';
import type { HeldOutGoodness, LawFit } from '../law/law.ts';

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

/** Shown where a number does not exist. */
const absent = '–';

/** Five significant digits: 0.3478, 2085.4, 1.2536e7. */
export function formatNumber(value: number | undefined, digits = 5): string {
  if (value === undefined || Number.isNaN(value)) return absent;
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e6) return String(Number(value.toPrecision(digits)));
  const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e');
  return `${Number(mantissa)}e${exponent.replace('+', '')}`;
}

/** An interval as `0.31 to 0.38`; empty where there is none. */
export function formatInterval(
  interval: { readonly low?: number | undefined; readonly high?: number | undefined } | undefined,
): string {
  if (interval?.low === undefined || interval.high === undefined) return absent;
  return `${formatNumber(interval.low, 4)} to ${formatNumber(interval.high, 4)}`;
}
