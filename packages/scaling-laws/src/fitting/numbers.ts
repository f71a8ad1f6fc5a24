import { mean } from '@steepest/statistics';

/** Sum of some values, in their order. */
export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < values.length; index += 1) total += values[index]!;
  return total;
}

/** Sum of the products of two lists, entry by entry. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < a.length; index += 1) total += a[index]! * b[index]!;
  return total;
}

/** Euclidean length of a list of numbers. */
export function norm(values: ArrayLike<number>): number {
  return Math.sqrt(dot(values, values));
}

/** x' M y of two lists and a matrix. */
export function bilinear(
  x: readonly number[],
  matrix: readonly (readonly number[])[],
  y: readonly number[],
): number {
  return dot(
    x,
    matrix.map((row) => dot(row, y)),
  );
}

/** Exponential of the mean of the logarithms of positive values; exact where all are equal. */
export function geometricMean(values: readonly number[]): number {
  const { low, high } = rangeOf(values);
  return Math.min(high, Math.max(low, Math.exp(mean(values.map(Math.log)))));
}

/** The least and the most of something. */
export interface Extent {
  readonly low: number;
  readonly high: number;
}

/** The least and the most of some values. */
export function rangeOf(values: ArrayLike<number>): Extent {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < values.length; index += 1) {
    [low, high] = [Math.min(low, values[index]!), Math.max(high, values[index]!)];
  }
  return { low, high };
}

/** The value at a place between ascending places, on straight lines through the values given. */
export function interpolate(x: readonly number[], y: readonly number[], at: number): number {
  const found = x.findIndex((value) => value >= at);
  const right = found < 0 ? x.length - 1 : Math.max(1, found);
  const width = x[right]! - x[right - 1]!;
  const share = width > 0 ? (at - x[right - 1]!) / width : 0;
  return y[right - 1]! + share * (y[right]! - y[right - 1]!);
}

/** The first of some things of which a number is least. */
export function leastBy<T>(things: readonly T[], number: (thing: T) => number): T {
  return things.reduce((least, thing) => (number(thing) < number(least) ? thing : least));
}

/** Rows that share a key, in the order of their first. */
export function groupsBy<Row>(rows: readonly Row[], key: (row: Row) => unknown): Row[][] {
  const groups = new Map<unknown, Row[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group) group.push(row);
    else groups.set(key(row), [row]);
  }
  return [...groups.values()];
}

/** Rows in ascending groups: one takes in all whose value is less than `factor` times its least. */
export function groupsNear<Row>(rows: readonly Row[], value: (row: Row) => number, factor: number): Row[][] {
  const groups: Row[][] = [];
  for (const row of [...rows].sort((a, b) => value(a) - value(b))) {
    const last = groups.at(-1);
    if (last !== undefined && value(row) < factor * value(last[0]!)) last.push(row);
    else groups.push([row]);
  }
  return groups;
}
