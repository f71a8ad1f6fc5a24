import type { OptimizerEntry } from './optimizer-entries.ts';
import type { SettingValue } from './option-shapes.ts';
import type { Experiment } from './schema.ts';

/** A place in an experiment that takes one of several values. */
export interface Axis {
  /** Key in a trial's settings: `beta1`, `members.0.learningRate` or `schedule.warmupFraction`. */
  readonly key: string;
  /** The values, all different, in the order of the file. */
  readonly values: readonly SettingValue[];
  /** Whether the file gives a list, so that trials differ in it; a swept key always does. */
  readonly varied: boolean;
}

/** One choice of a value for every axis. */
export type Point = Readonly<Record<string, SettingValue>>;

/** Everything an optimizer's trials may differ in: its options, those of the members of a hybrid, and the swept keys. */
export function axesOf(entry: OptimizerEntry, sweep: Experiment['sweep']): Axis[] {
  const ofMembers = entry.members.flatMap(({ options }, index) => axes(options, `members.${index}.`));
  return [
    ...axes(entry.options),
    ...ofMembers,
    ...axes(sweep ?? {}).map((axis) => ({ ...axis, varied: true })),
  ];
}

function axes(options: object, prefix = ''): Axis[] {
  return Object.entries(options).flatMap(
    ([key, value]: [string, SettingValue | SettingValue[] | undefined]) =>
      value === undefined
        ? []
        : [{ key: `${prefix}${key}`, values: [value].flat(), varied: Array.isArray(value) }],
  );
}

/** Number of combinations of the axes' values. */
export function sizeOf(all: readonly Axis[]): number {
  return all.reduce((product, { values }) => product * values.length, 1);
}

/** Every combination of the axes' values, the last axis changing fastest. */
export function pointsOf(all: readonly Axis[]): Point[] {
  let points: Point[] = [{}];
  for (const { key, values } of all) {
    points = points.flatMap((point) => values.map((value) => ({ ...point, [key]: value })));
  }
  return points;
}
