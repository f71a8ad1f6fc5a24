import { type Extent, rangeOf } from '../fitting/numbers.ts';

/** Observations for each constant below which a reader is warned. */
const enoughForEach = 2;

/**
 * A warning when constants rest on few independent observations, such as runs: points of one curve say less than their number.
 *
 * @param fitted what is fitted, such as `six constants`, with a count before it
 * @param observed what they are fitted on, such as `runs`
 */
export function countWarning(
  { constants, fitted = 'constants' }: { readonly constants: number; readonly fitted?: string },
  observations: number,
  observed: string,
): readonly string[] {
  if (observations >= enoughForEach * constants) return [];
  const spare = observations - constants;
  return [
    `${constants} ${fitted} are fitted on ${observations} ${observed}, which ` +
      (spare > 0 ? `leaves ${spare} to judge them by` : 'leaves none to judge them by') +
      `: with fewer than ${enoughForEach * constants} do not trust them outside of these ${observed}`,
  ];
}

/**
 * A warning when a column spans less than a factor of `least`, too little for an exponent in it to be trusted.
 *
 * @param exponents the parameters that rest on that span
 */
export function rangeWarning<Name extends string>(
  rows: readonly Readonly<Record<Name, number>>[],
  column: Name,
  exponents: string,
  least = 4,
): readonly string[] {
  const { low, high } = rangeOf(rows.map((row) => row[column]));
  const factor = high / low;
  if (factor >= least) return [];
  return [
    `${column === 'flops' ? 'compute' : column} spans only a factor of ${factor.toPrecision(2)}: ${exponents} from so small a range cannot be trusted far outside it`,
  ];
}

const words: Readonly<Record<string, string>> = { flops: 'FLOPs', batchTokens: 'tokens per step' };

/** Rounding of settings that sweeps space evenly in logarithms. */
const rounding = 1.01;

/** One sentence where a value lies outside the range of the runs that a law was fitted on, with how far; none inside. */
export function outsideRange(name: string, value: number, { low, high }: Extent): readonly string[] {
  const digits = (number: number) => number.toPrecision(2);
  const asked = `${digits(value)} ${words[name] ?? name}`;
  if (value > rounding * high) return [`${asked} are ${digits(value / high)} times the most fitted on`];
  if (value < low / rounding) return [`${asked} are ${digits(low / value)} times below the fewest fitted on`];
  return [];
}

/** A warning where a peak learning rate lies outside those fitted on. */
export function outsidePeaks(peak: number, { low, high }: Extent): readonly string[] {
  if (peak >= low / rounding && peak <= high * rounding) return [];
  return [`the runs fitted on had peaks from ${low.toPrecision(3)} to ${high.toPrecision(3)}, not ${peak}`];
}
