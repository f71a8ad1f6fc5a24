/** A whole number with commas. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}
