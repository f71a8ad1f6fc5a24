/** A number to so many significant digits, without an exponent. */
export function fixed(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits)));
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
