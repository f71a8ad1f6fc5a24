import { type ScheduleDescription, scheduleFromDescription } from '@steepest/lr-schedules';
import { rangeOf } from '../../fitting/numbers.ts';
import { checkPositive, describeValue } from '../../options.ts';
import { checkRates } from '../curves/loss-curve.ts';

/** A schedule with the size of the model and of the data that it trains on. */
export interface ScheduleCandidate {
  /** Learning rate of every step from the first, or the description of a schedule of `@steepest/lr-schedules`. */
  readonly schedule: ArrayLike<number> | ScheduleDescription;
  /** Steps of the run; needed with a description; a list has them. */
  readonly steps?: number | undefined;
  /** Parameters of the model, a plain count. */
  readonly parameters: number;
  /** Tokens that all steps together train on. */
  readonly tokens: number;
}

/** How a run of a schedule ended. */
export interface ScheduleRun extends ScheduleCandidate {
  /** Final loss in nats per token; `null` where the run diverged. */
  readonly loss: number | null;
  readonly diverged: boolean;
}

/** The rates of a run in stretches of nearly equal rate, which sums over steps are taken over. */
export interface RunCourse {
  readonly parameters: number;
  readonly tokensPerStep: number;
  /** Largest rate. */
  readonly peak: number;
  /** Sum of the rates of all steps. */
  readonly rateSum: number;
  /** Steps of each stretch. */
  readonly counts: Float64Array;
  /** Mean rate of each stretch. */
  readonly rates: Float64Array;
  /** Sum of the rates of the steps after the middle of each stretch. */
  readonly sumsAfter: Float64Array;
  /** Log of the rate over the average rate of the last steps, averaged over the stretch; 0 where the rate is steady. */
  readonly logRises: Float64Array;
}

/** A run of a sweep, read step by step. */
export interface ReadRun {
  readonly course: RunCourse;
  /** `null` where it diverged. */
  readonly loss: number | null;
}

/** Stretches of a run, at least, beyond which neighboring steps are taken together. */
const stretches = 100;

/**
 * Reads a schedule step by step.
 *
 * @param adaptationSteps Steps of the trailing average that the rate is compared with
 * @throws Error saying what is wrong with the schedule or the sizes
 */
export function courseOf(
  where: string,
  { schedule, steps, parameters, tokens }: ScheduleCandidate,
  adaptationSteps: number,
): RunCourse {
  for (const [name, value] of Object.entries({ parameters, tokens })) checkPositive(where, name, value);
  const rates = ratesOf(where, schedule, steps);
  const counts: number[] = [];
  const means: number[] = [];
  const rises: number[] = [];
  let average = 0;
  for (let start = 0; start < rates.length; ) {
    // The first steps, in which a fast warm-up may be over, stay single.
    const end = Math.min(
      rates.length,
      start + Math.max(1, Math.floor(Math.min(rates.length / stretches, start / 32))),
    );
    let [sum, rise, positive] = [0, 0, 0];
    for (let index = start; index < end; index++) {
      const rate = rates[index]!;
      average += (rate - average) / adaptationSteps;
      sum += rate;
      if (rate === 0) continue;
      rise += Math.log(rate / average);
      positive++;
    }
    counts.push(end - start);
    means.push(sum / (end - start));
    rises.push(positive === 0 ? 0 : rise / positive);
    start = end;
  }
  const sumsAfter = new Float64Array(counts.length);
  let rateSum = 0;
  for (let index = counts.length - 1; index >= 0; index--) {
    const stretch = counts[index]! * means[index]!;
    sumsAfter[index] = rateSum + stretch / 2;
    rateSum += stretch;
  }
  return {
    parameters,
    tokensPerStep: tokens / rates.length,
    peak: rangeOf(rates).high,
    rateSum,
    counts: Float64Array.from(counts),
    rates: Float64Array.from(means),
    sumsAfter,
    logRises: Float64Array.from(rises),
  };
}

function ratesOf(
  where: string,
  schedule: ScheduleCandidate['schedule'],
  steps: number | undefined,
): Float64Array {
  if ('type' in schedule) {
    if (!Number.isSafeInteger(steps) || steps! < 1) {
      throw new Error(
        `${where}: steps must be a whole number of at least 1 with a description, got ${describeValue(steps)}`,
      );
    }
    const rate = scheduleFromDescription(schedule);
    return Float64Array.from({ length: steps! }, (_, index) => rate(index + 1));
  }
  if (steps !== undefined && steps !== schedule.length) {
    throw new Error(`${where}: steps is ${steps}, but the schedule lists ${schedule.length} rates`);
  }
  checkRates(where, schedule);
  return Float64Array.from(schedule);
}
