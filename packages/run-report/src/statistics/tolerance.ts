import { isMeasuredFromOne } from '@steepest/experiments';
import type { SweepCurve, TrialResult } from '../results/results.ts';
import { sweepsOf } from './sweeps.ts';

/** Nats per token above the best loss that a value may cost and still serve. */
export const toleratedExcess = 0.05;

/** The values of a hyperparameter around the best one that serve about as well. */
export interface Tolerance {
  readonly best: number;
  /** Lowest and highest value within {@link toleratedExcess} of the best loss, interpolated. */
  readonly range: readonly [number, number];
  /** log10(highest / lowest) in halves, of the values or of their distances from 1: a grid of half-decades has so many steps within. */
  readonly halfDecades: number;
  /** Whether both ends were found; otherwise the range goes on beyond the values tried, and is at least this wide. */
  readonly bounded: boolean;
}

/** A width as tables say it: the half-decades, at least so many where an end was not found. */
export function widthText({ halfDecades, bounded }: Tolerance): string {
  return `${bounded ? '' : '≥ '}${halfDecades.toFixed(1)}`;
}

type Point = readonly [value: number, loss: number | null];

/**
 * How wide the range is within which a hyperparameter may be chosen for at most 0.05 nats: linear in the logarithm between neighboring
 * values, from the best one outward to where the loss first exceeds the best by that. What was tried beyond has no say in it, as it has
 * in a mean over the values tried. Next to a value whose trials diverged or were stopped, the range ends at the last value that has a
 * loss; one whose trials failed or have not ended says nothing.
 *
 * A value of 0 has no logarithm: it may be the best one, but the width is that of the values above it. Betas and momenta are
 * measured by their distance from 1.
 *
 * @param key name of the hyperparameter
 * @returns `undefined` without losses at two values that have a logarithm, or where a value is no number or negative
 */
export function toleranceOf({ points }: Pick<SweepCurve, 'points'>, key: string): Tolerance | undefined {
  const fromOne = isMeasuredFromOne(key);
  // Its own inverse, so that it leads back as well.
  const measured = (value: number) => (fromOne ? 1 - value : value);
  const all: Point[] = [];
  for (const { value, loss, diverged, stopped } of points) {
    if (loss === null && diverged + stopped === 0) continue;
    if (typeof value !== 'number' || measured(value) < 0) return undefined;
    all.push([measured(value), loss]);
  }
  all.sort(([a], [b]) => a - b);
  const tried = all.filter(([value]) => value > 0);
  if (tried.filter(([, loss]) => loss !== null).length < 2) return undefined;
  const best = all.flatMap(([value, loss]) => (loss === null ? [] : [{ value, loss }])).reduce(lower);
  const limit = best.loss + toleratedExcess;
  const place = tried.findIndex(([value]) => value >= best.value);
  const [start, startLoss] = tried[place]!;
  const serves = startLoss !== null && startLoss <= limit;
  const up = serves ? crossing(tried.slice(place), limit) : { value: start, found: true };
  const down = serves ? crossing(tried.slice(0, place + 1).reverse(), limit) : up;
  const ends = best.value === 0 ? [0, serves ? up.value : 0] : [down.value, up.value];
  const [low, high] = ends.map(measured).sort((a, b) => a - b) as [number, number];
  return {
    best: measured(best.value),
    range: [low, high],
    halfDecades: 2 * Math.log10(up.value / down.value),
    bounded: best.value > 0 && up.found && down.found,
  };
}

/**
 * The tolerance of an optimizer's hyperparameter at each seed that has losses at two values. Confirmations of the best value have no
 * part in it.
 */
export function seedTolerances(
  trials: readonly TrialResult[],
  optimizer: string,
  key: string,
): Map<number | null, Tolerance> {
  const own = trials.filter((trial) => trial.optimizer === optimizer);
  const seeds = [...new Set(own.map(({ seed }) => seed))];
  return new Map(
    seeds.flatMap((seed) => {
      const ofSeed = own.filter((trial) => trial.seed === seed);
      const sweep = sweepsOf(ofSeed, [optimizer]).find((one) => one.key === key);
      const tolerance = sweep === undefined ? undefined : toleranceOf(sweep.curves[0]!, key);
      return tolerance === undefined ? [] : [[seed, tolerance] as const];
    }),
  );
}

function lower<T extends { readonly loss: number }>(a: T, b: T): T {
  return b.loss < a.loss ? b : a;
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
