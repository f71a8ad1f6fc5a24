import { formatLearningRate } from '../number-format.ts';
import type { Sweep, SweepCurve, SweptValue } from '../results/results.ts';
import { valueText } from '../statistics/sweeps.ts';
import type { OptimizerCharts } from './chart-data.ts';
import { axis, type ChartOption, type Theme } from './theme.ts';

/** What is chosen to be seen of a hyperparameter's sweep. */
export interface SensitivityView {
  readonly key: string;
  readonly align: 'as swept' | 'aligned at the optimum';
  readonly range: 'all losses' | 'lowest losses';
}

/** An optimizer and its losses over the hyperparameter. */
export interface Drawn {
  readonly optimizer: OptimizerCharts;
  readonly curve: SweepCurve;
}

/** Where a value stands: decades or places in the list, counted from the optimum where curves are aligned at it. */
export function place(
  value: SweptValue,
  { optimum }: SweepCurve,
  sweep: Sweep,
  { align }: SensitivityView,
): number {
  const at = (some: SweptValue) =>
    sweep.scale === 'log' ? Math.log10(some as number) : sweep.values.indexOf(some);
  const from = align === 'as swept' || optimum === null ? 0 : at(optimum);
  return Number((at(value) - from).toFixed(6));
}

/** The horizontal axis of a hyperparameter. */
export function valueAxis(
  places: readonly number[],
  sweep: Sweep,
  view: SensitivityView,
  theme: Theme,
): ChartOption {
  const low = Math.min(...places);
  const high = Math.max(...places);
  const aligned = view.align !== 'as swept';
  const name = aligned ? `${sweep.key}, from each optimizer's optimum` : sweep.key;
  if (sweep.scale === 'ordinal') {
    const interval = high - low > (theme.narrow ? 6 : 14) ? 2 : 1;
    const text = (value: number) =>
      aligned
        ? `${value > 0 ? '+' : ''}${value}`
        : Number.isInteger(value) && value in sweep.values
          ? valueText(sweep.values[value]!)
          : '';
    return axis(theme, name, {
      min: low - 0.5,
      max: high + 0.5,
      interval,
      // The first label stands half a place before the first value, where there is none.
      ...(interval === 1 ? { min: low - 1, max: high + 1 } : {}),
      axisLabel: { formatter: text },
    });
  }
  const decades = high - low;
  const interval = decades <= (theme.narrow ? 1.5 : 4) ? 0.5 : 1;
  return axis(theme, name, {
    min: Math.floor((low - 0.1) / interval) * interval,
    max: Math.ceil((high + 0.1) / interval) * interval,
    interval,
    axisLabel: { formatter: (value: number) => `${aligned ? '×' : ''}${formatLearningRate(10 ** value)}` },
  });
}

/** The vertical extent, with room at the top for what has no loss. */
export function lossRange(drawn: readonly Drawn[], { range }: SensitivityView) {
  const losses = drawn.flatMap(({ curve }) =>
    curve.points.flatMap((point) => [
      ...Object.values(point.losses),
      ...(point.loss === null
        ? []
        : [point.loss + (point.deviation ?? 0), point.loss - (point.deviation ?? 0)]),
    ]),
  );
  const lowest = losses.length > 0 ? Math.min(...losses) : 0;
  const furthest = losses.length > 0 ? Math.max(...losses) : 1;
  const highest = range === 'lowest losses' ? lowest + (furthest - lowest) / 4 : furthest;
  const margin = (highest - lowest || 0.1) * 0.08;
  return {
    bottom: lowest - margin,
    top: highest + 2 * margin,
    crosses: highest + 2 * margin,
    empty: losses.length === 0,
  };
}
