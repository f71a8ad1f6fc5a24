import { constant } from './constant.ts';
import { cosine } from './cosine.ts';
import { cosineRestarts } from './cosine-restarts.ts';
import { exponential, stepDecay } from './exponential.ts';
import { inverseSquareRoot } from './inverse-square-root.ts';
import { type JoinPart, join } from './join.ts';
import { oneCycle } from './one-cycle.ts';
import { describeValue, nearest, nonNegativeNumber, readOptions } from './options.ts';
import { piecewiseLinear } from './piecewise-linear.ts';
import { linear, polynomial } from './polynomial.ts';
import type { Schedule } from './schedule.ts';
import { studySchedule } from './study-schedule.ts';
import { linearWarmup } from './warmup.ts';
import { warmupStableDecay } from './warmup-stable-decay.ts';

// Every constructor checks its options itself, so what comes from a file may be handed to it as it is.
const constructors: Record<string, (options: never) => Schedule> = {
  constant: (options: object) =>
    constant(readOptions<{ value: number }>('constant', options, { value: nonNegativeNumber }).value),
  cosine,
  cosineRestarts,
  exponential,
  inverseSquareRoot,
  join: joinFromDescription,
  linear,
  linearWarmup,
  oneCycle,
  piecewiseLinear,
  polynomial,
  stepDecay,
  studySchedule,
  warmupStableDecay,
};

/**
 * Makes a schedule from its description: the inverse of `schedule.description`.
 *
 * @param description `{ type, ...options }`, for instance parsed from a file; `type` is the constructor's name and
 *   options with a default may be left out
 * @throws Error naming the type or option that is unknown, missing or has a wrong value
 */
export function scheduleFromDescription(description: unknown): Schedule {
  if (typeof description !== 'object' || description === null || Array.isArray(description)) {
    throw new Error(
      `schedule: a description must be an object with a type, got ${describeValue(description)}`,
    );
  }
  const { type, ...options } = description as Record<string, unknown>;
  const known = Object.keys(constructors);
  if (typeof type !== 'string') {
    throw new Error(`schedule: type must be one of ${known.join(', ')}, got ${describeValue(type)}`);
  }
  if (!Object.hasOwn(constructors, type)) {
    throw new Error(
      `schedule: unknown type "${type}", did you mean "${nearest(type, known)}"? The types are ${known.join(', ')}`,
    );
  }
  return constructors[type]!(options as never);
}

function joinFromDescription(options: object): Schedule {
  const { parts } = readOptions<{ parts: unknown[] }>('join', options, {
    parts: { mustBe: 'a list of { until, schedule }', accepts: Array.isArray },
  });
  return join(
    parts.map((part, index) => {
      if (typeof part !== 'object' || part === null || !('schedule' in part)) return part as JoinPart;
      try {
        const { until, ...rest } = part as { until?: number | null; schedule: unknown };
        // A description says null where a join leaves the end out.
        return {
          ...rest,
          ...(until === null ? {} : { until }),
          schedule: scheduleFromDescription(part.schedule),
        } as JoinPart;
      } catch (cause) {
        throw new Error(`join: parts[${index}].schedule: ${(cause as Error).message}`, { cause });
      }
    }),
  );
}

// A saved optimizer holds the descriptions of its schedules. It finds this function here, so that it can read them
// without depending on this package.
(globalThis as Record<symbol, unknown>)[Symbol.for('@steepest/lr-schedules')] = scheduleFromDescription;
