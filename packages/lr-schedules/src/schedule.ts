import { describeValue } from './options.ts';

/** Everything that determines a schedule, as plain JSON: the name of its constructor and all its options. */
export interface ScheduleDescription {
  /** Name of the constructor, such as `'cosine'`. */
  readonly type: string;
  readonly [option: string]: unknown;
}

/**
 * The value of a hyperparameter at each step. Steps count from 1: the first update uses `schedule(1)`.
 *
 * @throws Error when the step is not a whole number of at least 1
 */
export interface Schedule {
  (step: number): number;
  /** What `scheduleFromDescription` needs to make this schedule again. */
  readonly description: ScheduleDescription;
  /**
   * Largest value, in the units of the hyperparameter. For a join: the largest peak of its parts; that of `oneCycle` may lie
   * between two steps.
   */
  readonly peak: number;
}

/** Makes a schedule of a function whose steps are known to be valid. */
export function makeSchedule(
  description: ScheduleDescription,
  peak: number,
  valueAt: (step: number) => number,
): Schedule {
  const schedule = (step: number): number => {
    if (!Number.isSafeInteger(step) || step < 1) {
      throw new Error(
        `${description.type}: step must be a whole number of at least 1 (steps count from 1), ` +
          `got ${describeValue(step)}`,
      );
    }
    return valueAt(step);
  };
  return Object.freeze(Object.assign(schedule, { description: frozen(description), peak }));
}

/** Whoever changed a list within a description would save another schedule than the one in force. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}
