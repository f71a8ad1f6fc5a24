import type { SweepCurve } from '../results/results.ts';

/** Nats per token above the best loss that a value may cost and still serve. */
export const toleratedExcess = 0.05;

/** The values of a hyperparameter around the best one that serve about as well. */
export interface Tolerance {
  readonly best: number;
  /** Lowest and highest value within {@link toleratedExcess} of the best loss, interpolated. */
  readonly range: readonly [number, number];
  /** log10(highest / lowest) in halves: a grid of half-decades has so many steps within. */
  readonly halfDecades: number;
  /** Whether both ends were found; otherwise the range goes on beyond the values tried, and is at least this wide. */
  readonly bounded: boolean;
}

type Point = readonly [value: number, loss: number | null];

/**
 * How wide the range is within which a positive hyperparameter may be chosen for at most 0.05 nats: linear in log value between neighboring
 * values, from the best one outward to where the loss first exceeds the best by that. What was tried beyond has no say in it, as it has
 * in a mean over the values tried. Next to a value without a loss, which diverged, the range ends at the last value that has one.
 *
 * @returns `undefined` without losses at two values, or where a value is not positive
 */
export function toleranceOf({ points }: Pick<SweepCurve, 'points'>): Tolerance | undefined {
  const tried: Point[] = [];
  for (const { value, loss } of points) {
    if (typeof value !== 'number' || value <= 0) return undefined;
    tried.push([value, loss]);
  }
  tried.sort(([a], [b]) => a - b);
  const found = tried.flatMap(([value, loss]) => (loss === null ? [] : [{ value, loss }]));
  if (found.length < 2) return undefined;
  const best = found.reduce((a, b) => (b.loss < a.loss ? b : a));
  const limit = best.loss + toleratedExcess;
  const place = tried.findIndex(([value]) => value === best.value);
  const up = crossing(tried.slice(place), limit);
  const down = crossing(tried.slice(0, place + 1).reverse(), limit);
  return {
    best: best.value,
    range: [down.value, up.value],
    halfDecades: 2 * Math.log10(up.value / down.value),
    bounded: up.found && down.found,
  };
}

/** Where the loss first exceeds the limit on the way from a value below it. */
function crossing(way: readonly Point[], limit: number): { readonly value: number; readonly found: boolean } {
  let [value, loss] = way[0] as [number, number];
  for (const [next, nextLoss] of way.slice(1)) {
    if (nextLoss === null) return { value, found: true };
    if (nextLoss > limit) {
      const share = (limit - loss) / (nextLoss - loss);
      return { value: value * (next / value) ** share, found: true };
    }
    [value, loss] = [next, nextLoss];
  }
  return { value, found: false };
}
