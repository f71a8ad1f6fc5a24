import { optimizerByName } from '@steepest/registry';
import { isMeasuredFromOne } from '../definition/measure.ts';
import type { OptimizerEntry } from '../definition/optimizer-entries.ts';

/** Which end of a list of values. */
export type End = 'lowest' | 'highest';

/** The values that a hyperparameter may take. */
interface Range {
  readonly minimum?: number;
  readonly maximum?: number;
  /** A bound that is never reached. */
  readonly below?: number;
  readonly whole?: boolean;
  readonly isAllowed?: (value: number) => boolean;
}

/**
 * The value that continues a list beyond one of its ends, by the steps that the list takes: a half-decade for half-decades, twice as
 * much for doublings, and for a beta, which is below 1, a share of its distance from 1.
 * @param key Key of a trial's settings, such as `beta1`, `members.0.learningRate` or `schedule.warmupFraction`
 * @param values At least two numbers, in any order
 * @returns `undefined` where no value lies beyond: 0 has nothing below it, a fraction nothing above 1
 */
export function nextValue(
  entry: OptimizerEntry,
  key: string,
  values: readonly number[],
  end: End,
): number | undefined {
  const range = rangeOf(entry, key);
  if (range === undefined) return undefined;
  const value = isMeasuredFromOne(key)
    ? fromDistance(continued(distances(values), opposite(end)), range.minimum)
    : written(continued(values, end), range);
  if (value === undefined) return undefined;
  return isWithin(range, value) && !values.includes(value) ? value : undefined;
}

function distances(values: readonly number[]): number[] {
  return values.map((value) => rounded(1 - value, 12));
}

function fromDistance(distance: number | undefined, minimum = -Infinity): number | undefined {
  return distance === undefined ? undefined : Math.max(minimum, rounded(1 - rounded(distance, 3), 12));
}

/** Half-decades are written with three digits; a count is what it is. */
function written(next: number | undefined, { whole }: Range): number | undefined {
  if (next === undefined) return undefined;
  return whole === true ? Math.max(1, Math.round(next)) : rounded(next, 3);
}

function opposite(end: End): End {
  return end === 'lowest' ? 'highest' : 'lowest';
}

/** Continues positive values by the ratio of the last two steps together, so that 1, 3.16, 10 goes on exactly with 31.6. */
function continued(values: readonly number[], end: End): number | undefined {
  if (Math.min(...values) <= 0 && end === 'lowest') return undefined;
  const sorted = values.filter((value) => value > 0).sort((a, b) => (end === 'highest' ? a - b : b - a));
  const [third, second, last] = [sorted.at(-3), sorted.at(-2), sorted.at(-1)];
  if (second === undefined || last === undefined) return undefined;
  return third === undefined ? last * (last / second) : second * (last / third);
}

function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

function isWithin(
  { minimum = -Infinity, maximum = Infinity, below = Infinity, isAllowed }: Range,
  value: number,
) {
  return value >= minimum && value <= maximum && value < below && isAllowed?.(value) !== false;
}

/** `undefined` of a key whose values are no quantity with an optimum: those of the model, and how long a run is, of which more is better. */
function rangeOf(entry: OptimizerEntry, key: string): Range | undefined {
  const [group, ...rest] = key.split('.');
  if (key === 'budget.batchSize') return { minimum: 1, whole: true };
  if (group === 'model' || group === 'budget') return undefined;
  if (group === 'schedule') return { minimum: 0, maximum: 1 };
  const main = entry.members.find(({ options }) => options.learningRate === undefined) ?? entry.members[0]!;
  const [member, option] = group === 'members' ? [entry.members[Number(rest[0])]!, rest[1]!] : [main, key];
  const { hyperparameters, settings = {} } = optimizerByName(member.optimizer).rule;
  const setting = settings[option];
  if (setting !== undefined) {
    const isAllowed = (value: number) => setting.check(value) === undefined;
    return { whole: Number.isInteger(setting.default), isAllowed };
  }
  const { minimum = 0, maximum, below } = hyperparameters[option] ?? {};
  return {
    minimum,
    ...(maximum === undefined ? {} : { maximum }),
    ...(below === undefined ? {} : { below }),
  };
}
