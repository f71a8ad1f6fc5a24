/** What was asked, and the range of the same quantity in the runs that a law was fitted on. */
export interface Range {
  /** As a sentence begins, such as `1.0e+8 parameters are`. */
  readonly value: number;
  readonly name: string;
  readonly low: number;
  readonly high: number;
}

/** Rounding of settings that sweeps space evenly in logarithms. */
const rounding = 1.01;

/** One sentence where a value lies outside of the runs that a law was fitted on, with how far; none inside. */
export function outsideOf({ value, name, low, high }: Range): readonly string[] {
  const digits = (number: number) => number.toPrecision(2);
  if (value > rounding * high) {
    return [`${digits(value)} ${name} are ${digits(value / high)} times the most fitted on`];
  }
  if (value < low / rounding) {
    return [`${digits(value)} ${name} are ${digits(low / value)} times below the fewest fitted on`];
  }
  return [];
}

/** The least and the most of some values. */
export function rangeOf(values: readonly number[]): { readonly low: number; readonly high: number } {
  return values.reduce(
    ({ low, high }, value) => ({ low: Math.min(low, value), high: Math.max(high, value) }),
    {
      low: Number.POSITIVE_INFINITY,
      high: Number.NEGATIVE_INFINITY,
    },
  );
}
