const words: Readonly<Record<string, string>> = { flops: 'FLOPs', batchTokens: 'tokens per step' };

/** Rounding of settings that sweeps space evenly in logarithms. */
const rounding = 1.01;

/** One sentence where a value lies outside the range of the runs that a law was fitted on, with how far; none inside. */
export function outsideRange(
  name: string,
  value: number,
  { low, high }: { readonly low: number; readonly high: number },
): readonly string[] {
  const digits = (number: number) => number.toPrecision(2);
  const asked = `${digits(value)} ${words[name] ?? name}`;
  if (value > rounding * high) return [`${asked} are ${digits(value / high)} times the most fitted on`];
  if (value < low / rounding) return [`${asked} are ${digits(low / value)} times below the fewest fitted on`];
  return [];
}

/** A warning where a peak learning rate lies outside those fitted on. */
export function outsidePeaks(
  peak: number,
  { low, high }: { readonly low: number; readonly high: number },
): readonly string[] {
  if (peak >= low / rounding && peak <= high * rounding) return [];
  return [`the runs fitted on had peaks from ${low.toPrecision(3)} to ${high.toPrecision(3)}, not ${peak}`];
}
