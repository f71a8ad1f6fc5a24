/** The statistic of Pearson's test of equal frequencies, as standard deviations from its mean. */
export function chiSquareDeviation(counts: Iterable<number>, cells: number, freedom: number): number {
  const observed = [...counts];
  const expected = observed.reduce((sum, count) => sum + count, 0) / cells;
  const seen = observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return (seen + (cells - observed.length) * expected - freedom) / Math.sqrt(2 * freedom);
}

export function countBy<T>(items: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** The labels are fixed, and so are the deviations: six are what chance gives once in 10^8 tests. */
export const six = 6;
