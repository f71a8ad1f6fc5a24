import { describeValue, readOptions } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';

/** Options of {@link piecewiseLinear}. */
export interface PiecewiseLinearOptions {
  /** `[step, value]` of each corner, in ascending steps: whole numbers of at least 1, and values of at least 0. */
  readonly points: readonly (readonly [step: number, value: number])[];
}

/**
 * Straight lines from point to point: any schedule that was drawn, measured or optimized.
 *
 * Before the first point its value holds, after the last point that one's. With a point at every step it is a table.
 *
 * @throws Error naming the point that is malformed or out of order, or when no value is above 0
 */
export function piecewiseLinear(given: PiecewiseLinearOptions): Schedule {
  const { points } = readOptions<PiecewiseLinearOptions>('piecewiseLinear', given, {
    points: {
      mustBe: 'a list of at least one [step, value]',
      accepts: (value) => Array.isArray(value) && value.length > 0,
    },
  });
  points.forEach((point, index) => {
    checkPoint(point, index, index === 0 ? 0 : points[index - 1]![0]);
  });
  const steps = points.map(([step]) => step);
  const values = points.map(([, value]) => value);
  const peak = values.reduce((largest, value) => Math.max(largest, value), 0);
  if (peak === 0) throw new Error('piecewiseLinear: points must have a value above 0, got only zeros');
  const description = { type: 'piecewiseLinear', points: points.map(([step, value]) => [step, value]) };
  return makeSchedule(description, peak, (step) => {
    const after = firstAbove(steps, step);
    if (after === 0) return values[0]!;
    if (after === steps.length) return values.at(-1)!;
    const [from, to] = [steps[after - 1]!, steps[after]!];
    const [start, end] = [values[after - 1]!, values[after]!];
    return start + ((end - start) * (step - from)) / (to - from);
  });
}

function checkPoint(point: unknown, index: number, after: number): void {
  const where = `piecewiseLinear: points[${index}]`;
  if (!Array.isArray(point) || point.length !== 2) {
    throw new Error(`${where} must be a pair [step, value], got ${describeValue(point)}`);
  }
  const [step, value] = point as [unknown, unknown];
  if (!Number.isSafeInteger(step) || (step as number) <= after) {
    throw new Error(
      `${where}: the step must be a whole number of more than ${after}, got ${describeValue(step)}`,
    );
  }
  if (!(Number.isFinite(value) && (value as number) >= 0)) {
    throw new Error(`${where}: the value must be a number of at least 0, got ${describeValue(value)}`);
  }
}

/** Index of the first of ascending steps that is above a step; their count when none is. */
function firstAbove(steps: readonly number[], step: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! > step) high = middle;
    else low = middle + 1;
  }
  return low;
}
