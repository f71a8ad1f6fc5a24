/** A coordinate to search over, on the scale on which equal steps matter equally. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * Minimises a function of a few bounded coordinates by compass search (Hooke and Jeeves 1961, without the pattern move): tries
 * a step either way along each coordinate, keeps what is lower, and halves the steps when nothing is.
 *
 * @param start Within the ranges
 * @param finest Share of each range at which the search ends
 */
export function compassSearch(
  evaluate: (point: readonly number[]) => number,
  start: readonly number[],
  ranges: readonly Range[],
  finest = 1 / 512,
): { readonly point: readonly number[]; readonly value: number } {
  let point = start;
  let value = evaluate(start);
  for (let share = 1 / 4; share >= finest; ) {
    let improved = false;
    for (const [index, { from, to }] of ranges.entries()) {
      for (const sign of [1, -1]) {
        const moved = Math.min(to, Math.max(from, point[index]! + sign * share * (to - from)));
        if (moved === point[index]) continue;
        const candidate = point.with(index, moved);
        const result = evaluate(candidate);
        if (result < value) {
          [point, value, improved] = [candidate, result, true];
          break;
        }
      }
    }
    if (!improved) share /= 2;
  }
  return { point, value };
}
