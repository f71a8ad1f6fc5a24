import type { ChartAxis, ChartSeries } from '@steepest/charts';
import { rangeOf } from '../fitting/numbers.ts';
import type { Measurement } from './fitted-law.ts';
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
interface Drawn<Unit> {
  readonly fitted: readonly Unit[];
  readonly heldOut: readonly Unit[];
  measured(side: 'fitted' | 'heldOut'): readonly Measurement[];
}

/** Numbers between two, evenly spaced in logarithms. */
export function spread(low: number, high: number, count = 60): number[] {
  const step = Math.log(high / low) / (count - 1);
  return Array.from({ length: count }, (_, index) => low * Math.exp(index * step));
}

/** A line through the values of a function. */
export function line(name: string, x: readonly number[], of: (x: number) => number): ChartSeries {
  return { kind: 'line', name, x, y: x.map(of) };
}

/** A point for each of some things. */
export function points<T>(
  name: string,
  things: readonly T[],
  x: (thing: T) => number,
  y: (thing: T) => number,
): ChartSeries {
  return { kind: 'points', name, x: things.map(x), y: things.map(y) };
}

/** A point for each thing fitted on, and for each held out. */
export function bothSides<Unit>(
  { fitted, heldOut }: Pick<Drawn<Unit>, 'fitted' | 'heldOut'>,
  x: (unit: Unit) => number,
  y: (unit: Unit) => number,
): ChartSeries[] {
  return [points('fitted', fitted, x, y), points('held out', heldOut, x, y)].filter(
    ({ x: places }) => places.length > 0,
  );
}

/** Predicted over measured numbers, with the line on which both are equal. */
export function predictedAgainstMeasured(fit: Drawn<unknown>, of: ChartAxis, title: string): LawChart {
  const all = [...fit.measured('fitted'), ...fit.measured('heldOut')];
  const { low, high } = rangeOf(all.map(({ observed }) => observed));
  return {
    kind: 'fit',
    title,
    x: { ...of, name: `measured ${of.name}` },
    y: { ...of, name: `predicted ${of.name}` },
    series: [
      ...measuredSeries(
        fit,
        ({ observed }) => observed,
        ({ predicted }) => predicted,
      ),
      { kind: 'line', name: 'equal', x: [low, high], y: [low, high] },
    ],
  };
}

/** Residuals of what was measured over an axis, by group and side. */
export function residuals(
  fit: Drawn<unknown>,
  x: ChartAxis,
  title: string,
  y: ChartAxis = axes.residual,
): LawChart {
  const series = measuredSeries(
    fit,
    ({ at }) => at,
    ({ predicted, observed }) => Math.log(predicted / observed),
  );
  return { kind: 'residuals', title, x, y, series };
}

/** A point for each measurement, by group and side. */
export function measuredSeries(
  fit: Drawn<unknown>,
  x: (measurement: Measurement) => number,
  y: (measurement: Measurement) => number,
): ChartSeries[] {
  return (['fitted', 'heldOut'] as const).flatMap((side) => {
    const all = fit.measured(side);
    const plain = side === 'fitted' ? 'fitted' : 'held out';
    return [...new Set(all.map(({ group }) => group))].map((group) =>
      points(
        group === undefined ? plain : side === 'fitted' ? group : `${group}, held out`,
        all.filter((measurement) => measurement.group === group),
        x,
        y,
      ),
    );
  });
}
