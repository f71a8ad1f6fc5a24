import { checkKeys, checkWhole } from '../options.ts';
import { type MinimizeOptions, type Minimum, minimize } from './minimize.ts';
import type { Objective } from './objective.ts';

/** Options of {@link minimizeFromMany}. */
export interface MultiStartOptions extends MinimizeOptions {
  /** Only this many starts, those of lowest value, are minimized from; by default all of them. */
  readonly finish?: number | undefined;
}

/** The lowest minimum found from many starts. */
export interface BestMinimum extends Minimum {
  /** Starts given. */
  readonly starts: number;
  /** Starts minimized from. */
  readonly finished: number;
  /** How many of them ended at the lowest value, to a relative 1e-6: one alone is a warning sign. */
  readonly agreeing: number;
}

/**
 * Minimizes from many starts and keeps the lowest minimum.
 *
 * @param starts points to start from; those where the objective is not finite are passed over
 * @throws Error when there is no start, or none where the objective is finite
 */
export function minimizeFromMany(
  objective: Objective,
  starts: Iterable<ArrayLike<number>>,
  options: MultiStartOptions = {},
): BestMinimum {
  checkKeys('minimizeFromMany', options, ['maxIterations', 'gradientTolerance', 'valueTolerance', 'finish']);
  const { finish, ...minimizeOptions } = options;
  if (finish !== undefined) checkWhole('minimizeFromMany', 'finish', finish, 1);
  const valued = [...starts].map((start) => ({
    start,
    value: objective(Float64Array.from(start), new Float64Array(start.length)),
  }));
  const usable = valued.filter(({ value }) => Number.isFinite(value)).sort((a, b) => a.value - b.value);
  if (usable.length === 0) {
    throw new Error(
      valued.length === 0
        ? 'minimizeFromMany: needs at least one start'
        : `minimizeFromMany: the objective is not finite at any of the ${valued.length} starts`,
    );
  }
  const minima = usable
    .slice(0, finish ?? usable.length)
    .map(({ start }) => minimize(objective, start, minimizeOptions));
  const best = minima.reduce((lowest, minimum) => (minimum.value < lowest.value ? minimum : lowest));
  // An exact fit ends at rounding noise around 0, so the lowest start gives the scale there.
  const equal = 1e-6 * Math.abs(best.value) + 1e-12 * Math.abs(usable[0]!.value);
  const agreeing = minima.filter(({ value }) => value - best.value <= equal).length;
  return { ...best, starts: valued.length, finished: minima.length, agreeing };
}

/**
 * Every combination of the values of each parameter, the last parameter varying fastest.
 *
 * @param values the values to try, by parameter
 */
export function gridStarts(values: readonly (readonly number[])[]): number[][] {
  return values.reduce<number[][]>(
    (points, choices) => points.flatMap((point) => choices.map((choice) => [...point, choice])),
    [[]],
  );
}
