import type { TrialStatus } from '@steepest/trainer';
import { type Axis, axesOf, type Point, pointsOf } from '../definition/grid.ts';
import type { OptimizerEntry } from '../definition/optimizer-entries.ts';
import type { Experiment } from '../definition/schema.ts';
import { type TrialConfig, type TrialEnvironment, trialAt, trialsOf } from '../definition/trials.ts';
import { isOver } from '../execution/is-over.ts';
import { type End, nextValue } from './next-value.ts';

/** How a trial ended, as far as what comes after depends on it. */
export interface KnownEnd {
  readonly status: TrialStatus;
  readonly finalValidationLoss: number | null;
}

/** How a trial ended, by its name; `undefined` of one that has not. */
export type EndOf = (trial: string) => KnownEnd | undefined;

/** Values that a list gains at an end at most, so that a loss which falls forever is not followed forever. */
const mostAdded = 6;

/** Where trials run, how those that are over ended, and which could run at all. */
export interface Surroundings {
  readonly environment: TrialEnvironment;
  readonly endOf: EndOf;
  /** Whether a trial fits into memory: a list ends before one that does not. All do by default. */
  readonly fits?: (config: TrialConfig) => boolean;
}

/**
 * Every trial of an experiment that is known to be needed by how others ended: those of its grid, in the order of the file,
 * and then what {@link trialsOfOptimizer} adds.
 */
export function neededTrials(experiment: Experiment, surroundings: Surroundings): TrialConfig[] {
  const grid = trialsOf(experiment, surroundings.environment);
  if (isKnownBeforehand(experiment)) return grid;
  const all = [
    ...grid,
    ...Object.keys(experiment.optimizers).flatMap((name) =>
      trialsOfOptimizer(experiment, name, surroundings),
    ),
  ];
  return [...new Map(all.map((config) => [config.trial, config])).values()];
}

/** Whether all trials of an experiment are known before the first has ended. */
export function isKnownBeforehand({ tune, extend, confirm = [] }: Experiment): boolean {
  return tune === undefined && extend !== true && confirm.length === 0;
}

/**
 * Every trial of one optimizer that is known to be needed: its grid; where that is over and the experiment says `extend`, the
 * next value of every list whose best is its lowest or highest, until it is not, or the next diverges; and then the best
 * setting with the seeds of `confirm`. The order depends on the losses alone, so a run that is continued goes the same way.
 */
export function trialsOfOptimizer(
  experiment: Experiment,
  name: string,
  { environment, endOf, fits = () => true }: Surroundings,
): TrialConfig[] {
  const entry = experiment.optimizers[name]!;
  const given = axesOf(entry, experiment.sweep);
  const configsAt = (points: readonly Point[], seeds: readonly number[]) =>
    seeds.flatMap((seed) => points.map((point) => trialAt(experiment, name, point, seed, environment)));
  let axes = given;
  for (;;) {
    const points = pointsOf(axes);
    const configs = configsAt(points, experiment.seeds);
    if (!configs.every(({ trial }) => isOver(endOf(trial)?.status))) return configs;
    const best = bestPoint(points, (index) =>
      meanLoss(
        experiment.seeds.map((_, seed) => configs[seed * points.length + index]!),
        endOf,
      ),
    );
    if (best === undefined) return configs;
    const isPossible = (point: Point) => configsAt([point], experiment.seeds).every(fits);
    const longer = experiment.extend === true ? extendedAxes(entry, { axes, given, best, isPossible }) : axes;
    if (longer.every((axis, index) => axis === axes[index])) {
      return [...configs, ...configsAt([best], experiment.confirm ?? [])];
    }
    axes = longer;
  }
}

/** Axes, each with the next value where the best point has its lowest or highest; others are those given. */
export function extendedAxes(
  entry: OptimizerEntry,
  {
    axes,
    given,
    best,
    isPossible,
  }: {
    readonly axes: readonly Axis[];
    /** As the file has them. */
    readonly given: readonly Axis[];
    readonly best: Point;
    readonly isPossible: (point: Point) => boolean;
  },
): Axis[] {
  return axes.map((axis, index) => {
    const end = endAt(axis, best);
    const values = numbersOf(axis);
    if (end === undefined || added(values, numbersOf(given[index]!), end) >= mostAdded) return axis;
    const next = nextValue(entry, axis.key, values, end);
    if (next === undefined || !isPossible({ ...best, [axis.key]: next })) return axis;
    return { ...axis, values: end === 'lowest' ? [next, ...axis.values] : [...axis.values, next] };
  });
}

function numbersOf({ values }: Axis): number[] {
  return values.filter((value) => typeof value === 'number');
}

/** How many values lie beyond an end of those given. */
function added(values: readonly number[], given: readonly number[], end: End): number {
  const beyond = (value: number) =>
    end === 'lowest' ? value < Math.min(...given) : value > Math.max(...given);
  return values.filter(beyond).length;
}

function endAt(axis: Axis, best: Point): End | undefined {
  const { key, values } = axis;
  const numbers = numbersOf(axis);
  if (numbers.length < 2 || numbers.length < values.length) return undefined;
  if (best[key] === Math.min(...numbers)) return 'lowest';
  return best[key] === Math.max(...numbers) ? 'highest' : undefined;
}

function bestPoint(points: readonly Point[], lossOf: (index: number) => number | null): Point | undefined {
  let best: { readonly point: Point; readonly loss: number } | undefined;
  for (const [index, point] of points.entries()) {
    const loss = lossOf(index);
    if (loss !== null && (best === undefined || loss < best.loss)) best = { point, loss };
  }
  return best?.point;
}

/** `null` where some seed diverged: a mean over the others would be one over other seeds. */
function meanLoss(configs: readonly TrialConfig[], endOf: EndOf): number | null {
  const losses = configs.map(({ trial }) => {
    const end = endOf(trial);
    return end?.status === 'finished' ? end.finalValidationLoss : null;
  });
  if (losses.some((loss) => loss === null)) return null;
  return losses.reduce<number>((sum, loss) => sum + loss!, 0) / losses.length;
}
