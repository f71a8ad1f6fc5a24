/**
 * A number in few characters, as axes have room for: 0.003, 250, 1,500, 12k, 3.4M, 2.1B, 1e20. Whole numbers below 10,000 have all of
 * their digits, others the first three.
 */
export function compactNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const short = (unit: number) => String(Number((value / unit).toPrecision(3)));
  if (size >= 1e13 || size < 1e-3) {
    const [mantissa = '', exponent = ''] = value.toExponential(2).split('e');
    return `${Number(mantissa)}e${exponent.replace('+', '')}`;
  }
  if (size >= 1e12) return `${short(1e12)}T`;
  if (size >= 1e9) return `${short(1e9)}B`;
  if (size >= 1e6) return `${short(1e6)}M`;
  if (size >= 1e4) return `${short(1e3)}k`;
  // The power of a logarithm is off by its last digits.
  const whole = Math.round(value);
  return Math.abs(value - whole) < 1e-9 * size ? whole.toLocaleString('en-US') : short(1);
}
