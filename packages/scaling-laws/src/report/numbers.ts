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
