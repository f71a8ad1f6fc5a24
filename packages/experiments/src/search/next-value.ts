import { optimizerByName } from '@steepest/registry';
import type { OptimizerEntry } from '../definition/optimizer-entries.ts';

/** Which end of a list of values. */
export type End = 'lowest' | 'highest';

/** The values that a hyperparameter may take. */
interface Range {
  readonly minimum?: number;
  readonly maximum?: number;
  /** A bound that is never reached, as 1 is for the decay of a moment: what counts is the distance from it. */
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
  const next =
    range.below === undefined
      ? continued(values, end)
      : fromDistance(range.below, continued(distances(values, range.below), opposite(end)), range.minimum);
  if (next === undefined) return undefined;
  const value = range.whole === true ? Math.max(1, Math.round(next)) : next;
  return isWithin(range, value) && !values.includes(value) ? value : undefined;
}

function distances(values: readonly number[], bound: number): number[] {
  return values.map((value) => rounded(bound - value, 12));
}

function fromDistance(bound: number, distance: number | undefined, minimum = -Infinity): number | undefined {
  return distance === undefined ? undefined : Math.max(minimum, rounded(bound - distance, 12));
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
  return rounded(third === undefined ? last * (last / second) : second * (last / third), 3);
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

/** `undefined` of a key whose values are no quantity that an optimum could lie beyond: those of the model. */
function rangeOf(entry: OptimizerEntry, key: string): Range | undefined {
  const [group, ...rest] = key.split('.');
  if (group === 'model') return undefined;
  if (group === 'schedule') return { minimum: 0, maximum: 1 };
  if (group === 'budget') return { minimum: 1, whole: true };
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
