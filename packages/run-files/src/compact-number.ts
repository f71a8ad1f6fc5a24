/**
 * A number in few characters, as axes have room for: 0.003, 250, 1,500, 12k, 3.4M, 2.1B, 1e20. Whole numbers below 10,000 have all of
 * their digits, others the first three.
 */
export function compactNumber(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  // The power of a logarithm is off by its last digits.
  const whole = Math.round(value);
  const isWhole = Math.abs(value - whole) < 1e-9 * Math.abs(value);
  if (isWhole && Math.abs(whole) < 1e4) return whole.toLocaleString('en-US');
  // By the size of what is written: 999,999 is 1M.
  const size = Math.abs(Number(value.toPrecision(3)));
  const short = (unit: number) => String(Number((value / unit).toPrecision(3)));
  if (size >= 1e13 || size < 1e-3) {
    const [mantissa = '', exponent = ''] = value.toExponential(2).split('e');
    return `${Number(mantissa)}e${exponent.replace('+', '')}`;
  }
  if (size >= 1e12) return `${short(1e12)}T`;
  if (size >= 1e9) return `${short(1e9)}B`;
  if (size >= 1e6) return `${short(1e6)}M`;
  if (size >= 1e4) return `${short(1e3)}k`;
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
