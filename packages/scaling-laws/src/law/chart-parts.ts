import type { ChartAxis, ChartSeries } from '@steepest/charts';
import { groupsBy, rangeOf } from '../fitting/numbers.ts';
import type { FittedLaw, Measurement } from './fitted-law.ts';
import type { LawChart } from './law.ts';

/** The axes that charts of laws share. */
export const axes = {
  flops: { name: 'compute', unit: 'FLOPs', scale: 'log' },
  loss: { name: 'loss', unit: 'nats/token', scale: 'linear' },
  size: { name: 'size', unit: 'parameters', scale: 'log' },
  tokens: { name: 'tokens', unit: 'tokens', scale: 'log' },
  steps: { name: 'steps', unit: 'steps', scale: 'log' },
  peak: { name: 'peak learning rate', unit: '', scale: 'log' },
  residual: { name: 'log predicted - log measured', unit: '', scale: 'linear' },
} as const satisfies Record<string, ChartAxis>;

/** A fit as far as its charts go. */
type Drawn = Pick<FittedLaw<never, unknown, unknown>, 'measured'>;

/** Numbers between two, evenly spaced in logarithms. */
export function spread(low: number, high: number, count = 60): number[] {
  const step = Math.log(high / low) / (count - 1);
  return Array.from({ length: count }, (_, index) => low * Math.exp(index * step));
}

/** A line through the values of a function. */
export function line(name: string, x: readonly number[], of: (x: number) => number): ChartSeries {
  return { kind: 'line', name, x, y: x.map(of) };
}

/** Where a chart draws something. */
type Place<T> = (thing: T) => readonly [x: number, y: number];

/** A point for each of some things. */
export function points<T>(name: string, things: readonly T[], place: Place<T>) {
  const places = things.map(place);
  return { kind: 'points', name, x: places.map(([x]) => x), y: places.map(([, y]) => y) } as const;
}

/** A point for each thing fitted on, and for each held out. */
export function bothSides<Unit>(
  { fitted, heldOut }: Readonly<Record<'fitted' | 'heldOut', readonly Unit[]>>,
  place: Place<Unit>,
): ChartSeries[] {
  const both = [points('fitted', fitted, place), points('held out', heldOut, place)];
  return both.filter(({ x }) => x.length > 0);
}

/** Predicted over measured numbers, with the line on which both are equal. */
export function predictedAgainstMeasured(fit: Drawn, of: ChartAxis, title: string): LawChart {
  const all = [...fit.measured('fitted'), ...fit.measured('heldOut')];
  return {
    ...{ kind: 'fit', title },
    x: { ...of, name: `measured ${of.name}` },
    y: { ...of, name: `predicted ${of.name}` },
    series: [
      ...measuredSeries(fit, ({ observed, predicted }) => [observed, predicted]),
      equalLine(all.map(({ observed }) => observed)),
    ],
  };
}

/** The line on which two numbers are equal, along all of some. */
export function equalLine(numbers: readonly number[]): ChartSeries {
  const { low, high } = rangeOf(numbers);
  return { kind: 'line', name: 'equal', x: [low, high], y: [low, high] };
}

/** Residuals of what was measured over an axis, by group and side. */
export function residuals(fit: Drawn, x: ChartAxis, title: string, y: ChartAxis = axes.residual): LawChart {
  const series = measuredSeries(fit, ({ at, predicted, observed }) => [at, Math.log(predicted / observed)]);
  return { kind: 'residuals', title, x, y, series };
}

/** A point for each measurement, by group and side. */
export function measuredSeries(fit: Drawn, place: Place<Measurement>): ChartSeries[] {
  const drawn = (side: 'fitted' | 'heldOut', alone: string, suffix: string) =>
    groupsBy(fit.measured(side), ({ group }) => group).map((own) => {
      const { group } = own[0]!;
      return points(group === undefined ? alone : `${group}${suffix}`, own, place);
    });
  return [...drawn('fitted', 'fitted', ''), ...drawn('heldOut', 'held out', ', held out')];
}
