import { constant } from './constant.ts';
import { cosine } from './cosine.ts';
import {
  describeValue,
  factor,
  nearest,
  nonNegativeNumber,
  positiveNumber,
  readOptions,
  wholeNumber,
} from './options.ts';
import { piecewiseLinear } from './piecewise-linear.ts';
import { linear } from './polynomial.ts';
import type { Schedule } from './schedule.ts';
import { studySchedule } from './study-schedule.ts';
import { linearWarmup } from './warmup.ts';
import { warmupStableDecay } from './warmup-stable-decay.ts';

const defaults = {
  study: { warmupFraction: 0.1, startFactor: 0.1, endFactor: 0.1 },
  cosine: { warmupFraction: 0.1, startFactor: 0, endFactor: 0 },
  linear: { warmupFraction: 0.1, startFactor: 0, endFactor: 0 },
  warmupStableDecay: { warmupFraction: 0.1, decayFraction: 0.2, startFactor: 0, endFactor: 0 },
  constant: { warmupFraction: 0, startFactor: 0 },
  piecewiseLinear: {},
} as const;

/** A kind of schedule that {@link scheduleOfRun} fits to a run. */
export type RunShapeType = keyof typeof defaults;

/** A schedule in fractions of a run and of its peak, which fits a run of any length. */
export interface RunShape {
  readonly type: RunShapeType;
  /** Fraction of the steps over which the value rises to the peak. Default 0.1, and 0 for `constant`. */
  readonly warmupFraction?: number | undefined;
  /** Fraction of the steps over which `warmupStableDecay` falls. Default 0.2. */
  readonly decayFraction?: number | undefined;
  /** Fraction of the peak from which the warm-up rises. Default 0.1 for `study`, 0 for the others. */
  readonly startFactor?: number | undefined;
  /** Fraction of the peak at which the decay ends. Default 0.1 for `study`, 0 for the others. */
  readonly endFactor?: number | undefined;
  /** `[fraction of the steps, fraction of the peak]` of each corner of `piecewiseLinear`, which needs them. */
  readonly points?: readonly (readonly [number, number])[] | undefined;
}

/** Every type of {@link RunShape}, with the defaults of the keys that it uses besides `points`. */
export const runShapeDefaults: Readonly<
  Record<RunShapeType, Readonly<Partial<Record<Exclude<keyof RunShape, 'type' | 'points'>, number>>>>
> = defaults;

const types = Object.keys(defaults) as RunShapeType[];

/** The run that a {@link RunShape} is fitted to. */
export interface RunOptions {
  /** Largest value of the schedule. */
  readonly peak: number;
  /** Steps of the run. */
  readonly totalSteps: number;
  /** Steps in which frozen Adalayer only measures, for which `study` waits. Default 0. */
  readonly freezeSteps?: number | undefined;
}

/** A shape without the keys that its type does not use, such as the warm-up of a `piecewiseLinear`. */
export function usedRunShape(shape: RunShape): RunShape {
  const keys = keysOf(shape.type);
  const used = Object.entries(shape).filter(([key]) => key === 'type' || keys.includes(key));
  return Object.fromEntries(used) as unknown as RunShape;
}

/** What is wrong with a shape whose type does not use one of its keys, in words; undefined where it uses all. */
export function unusedRunShapeKey({ type, ...given }: RunShape): string | undefined {
  const unused = Object.entries(given).find(
    ([key, value]) => value !== undefined && !keysOf(type).includes(key),
  )?.[0];
  if (unused === undefined) return undefined;
  const users = types.filter((other) => keysOf(other).includes(unused));
  if (users.length === 0) return `has no key "${unused}", did you mean "${nearest(unused, keysOf(type))}"?`;
  const use = users.length === 1 ? 'uses' : 'use';
  return `has ${unused}, which ${listed(users)} ${use}, but the schedule is "${type}"`;
}

/**
 * The schedule of a run from fractions of it, each rounded to whole steps; the corners of `piecewiseLinear` are at step 1 or later.
 * `study` is {@link studySchedule}, `constant` with a warm-up {@link linearWarmup}, the others are the schedules of their names.
 *
 * @throws Error naming the key that is unknown, that the type does not use or that has a wrong value, or saying what does not fit into
 *   the run
 */
export function scheduleOfRun(shape: RunShape, run: RunOptions): Schedule {
  const checked = checkedShape(shape);
  const { type } = checked;
  const { peak, totalSteps, freezeSteps } = readOptions<RunOptions>('scheduleOfRun', run, {
    peak: positiveNumber,
    totalSteps: wholeNumber(1),
    freezeSteps: wholeNumber(0, 0),
  });
  const where = `the schedule "${type}"`;
  if (freezeSteps > 0 && type !== 'study') {
    throw new Error(`freezeSteps needs the schedule "study", which waits for it, not "${type}"`);
  }
  if (type === 'piecewiseLinear')
    return piecewiseLinear({ points: pointsOfRun(checked.points, peak, totalSteps) });

  const { warmupFraction, decayFraction, startFactor, endFactor } = readShares(where, checked);
  const warmupSteps = Math.round(warmupFraction * totalSteps);
  if (type !== 'constant' && warmupSteps + freezeSteps >= totalSteps) {
    throw new Error(
      `${where} has ${warmupSteps} steps of warm-up${freezeSteps > 0 ? ` and ${freezeSteps} of freezeSteps` : ''}, ` +
        `which leaves nothing of the ${totalSteps} steps of the run`,
    );
  }
  const decay = { peak, totalSteps, warmupSteps, startFactor, endFactor };
  switch (type) {
    case 'study':
      return studySchedule({ ...decay, freezeSteps });
    case 'cosine':
      return cosine(decay);
    case 'linear':
      return linear(decay);
    case 'constant':
      return warmupSteps === 0 ? constant(peak) : linearWarmup({ peak, warmupSteps, startFactor });
    case 'warmupStableDecay': {
      const decaySteps = Math.round(decayFraction * totalSteps);
      if (decaySteps < 1 || warmupSteps + decaySteps > totalSteps) {
        throw new Error(
          `${where} has ${warmupSteps} steps of warm-up and ${decaySteps} of decay, which must be at least 1 of decay ` +
            `and at most the ${totalSteps} steps of the run`,
        );
      }
      return warmupStableDecay({ ...decay, decaySteps });
    }
  }
}

/** @throws Error naming what is no shape, or a key that its type does not use */
function checkedShape(shape: unknown): RunShape {
  if (typeof shape !== 'object' || shape === null || Array.isArray(shape)) {
    throw new Error(`scheduleOfRun: the shape must be an object with a type, got ${describeValue(shape)}`);
  }
  const { type } = shape as { type?: unknown };
  if (typeof type !== 'string') {
    throw new Error(`scheduleOfRun: type must be one of ${types.join(', ')}, got ${describeValue(type)}`);
  }
  if (!Object.hasOwn(defaults, type)) {
    throw new Error(
      `scheduleOfRun: unknown type "${type}", did you mean "${nearest(type, types)}"? The types are ${types.join(', ')}`,
    );
  }
  const unused = unusedRunShapeKey(shape as RunShape);
  if (unused !== undefined) throw new Error(`scheduleOfRun: the shape ${unused}`);
  return shape as RunShape;
}

/** "a", "a and b", "a, b and c". */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** The keys that a type uses, besides `type`. */
function keysOf(type: RunShapeType): string[] {
  return type === 'piecewiseLinear' ? ['points'] : Object.keys(defaults[type]);
}

type Shares = Required<Omit<RunShape, 'type' | 'points'>>;

/** The shares of a shape with the defaults of its type; a share that the type does not use is 0. */
function readShares(where: string, { type, points: _, ...given }: RunShape): Record<keyof Shares, number> {
  const own = runShapeDefaults[type];
  const share = (key: keyof Shares) => factor(own[key] ?? 0);
  return readOptions<Shares>(where, given, {
    warmupFraction: share('warmupFraction'),
    decayFraction: share('decayFraction'),
    startFactor: share('startFactor'),
    endFactor: share('endFactor'),
  });
}

/** Corners in steps and values. */
function pointsOfRun(points: RunShape['points'], peak: number, totalSteps: number): [number, number][] {
  if (!Array.isArray(points) || points.length === 0) {
    throw new Error(
      'the schedule "piecewiseLinear" needs points, [fraction of the steps, fraction of the peak] each',
    );
  }
  const { accepts } = nonNegativeNumber;
  let before: readonly [number, number] | undefined;
  return points.map((point: unknown, index) => {
    if (!Array.isArray(point) || point.length !== 2 || !point.every(accepts)) {
      throw new Error(
        `the schedule "piecewiseLinear": points[${index}] must be [fraction of the steps, fraction of the peak], ` +
          `got ${JSON.stringify(point)}`,
      );
    }
    const [share, height] = point as [number, number];
    const step = Math.max(1, Math.round(share * totalSteps));
    if (before !== undefined && step <= before[1]) {
      throw new Error(
        `the schedule "piecewiseLinear" has points at ${before[0]} and ${share} of its ${totalSteps} steps, ` +
          'which must come one step or more apart',
      );
    }
    before = [share, step];
    return [step, height * peak];
  });
}
