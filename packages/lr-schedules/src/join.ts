import { type Checked, describeValue, readOptions, wholeNumber } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';

/** One part of a {@link join}. */
export interface JoinPart {
  /** Last step of this part, counted from the start of the join. The last part may leave it out: no end. */
  readonly until?: number | undefined;
  /** What runs in this part; it sees steps counted from 1 at the start of the part. */
  readonly schedule: Schedule;
}

/**
 * Several schedules one after another, each counting its own steps from 1.
 *
 * Part k gives the steps after `until` of part k - 1 up to its own `until`. After the last part's `until`
 * its last value stays.
 *
 * @throws Error naming the part that is malformed or out of order
 */
export function join(parts: readonly JoinPart[]): Schedule {
  if (!Array.isArray(parts) || parts.length === 0) {
    throw new Error(
      `join: parts must be a list of at least one { until, schedule }, got ${describeValue(parts)}`,
    );
  }
  let start = 0;
  const segments = parts.map((part, index) => {
    const isLast = index === parts.length - 1;
    const { until, schedule } = readPart(part, index, isLast);
    if (until <= start) {
      throw new Error(
        `join: parts[${index}].until must be more than ${start}, where the part before it ends, got ${until}`,
      );
    }
    const segment = { start, until, schedule };
    start = until;
    return segment;
  });
  const last = segments.at(-1)!;
  const description = {
    type: 'join',
    parts: segments.map(({ until, schedule }) => ({
      // Stated, as everything that determines a schedule is; JSON has no infinity.
      until: until === Number.POSITIVE_INFINITY ? null : until,
      schedule: schedule.description,
    })),
  };
  return makeSchedule(description, Math.max(...segments.map(({ schedule }) => schedule.peak)), (step) => {
    const segment = segments.find(({ until }) => step <= until) ?? last;
    return segment.schedule(Math.min(step, segment.until) - segment.start);
  });
}

function readPart(part: unknown, index: number, isLast: boolean): Checked<JoinPart> {
  return readOptions<JoinPart>(`join: parts[${index}]`, part, {
    until: { ...wholeNumber(1), ...(isLast ? { default: Number.POSITIVE_INFINITY } : {}) },
    schedule: {
      mustBe: 'a schedule of this package, such as constant(1e-3)',
      accepts: (value) => typeof value === 'function' && 'description' in value && 'peak' in value,
    },
  });
}
