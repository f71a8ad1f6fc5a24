import type { Sweep, SweepCurve, SweepPoint } from '../results/results.ts';
import { valueText } from '../statistics/sweeps.ts';
import type { OptimizerCharts, ReportCharts } from './chart-data.ts';
import { type Drawn, lossRange, place, type SensitivityView, valueAxis } from './sensitivity-axes.ts';
import {
  axis,
  type ChartOption,
  color,
  cross,
  frame,
  lines,
  lineType,
  nameGap,
  short,
  stopSign,
  symbol,
  type Theme,
  tooltip,
} from './theme.ts';

/** Final validation loss over one hyperparameter, or `null` where it was not swept. */
export function sensitivityOption(
  charts: ReportCharts,
  view: SensitivityView,
  theme: Theme,
): ChartOption | null {
  const sweep = charts.sweeps.find(({ key }) => key === view.key);
  if (!sweep) return null;
  const drawn = charts.optimizers.flatMap((optimizer) => {
    const curve = sweep.curves.find((one) => one.optimizer === optimizer.name);
    const usable = curve && (view.align === 'as swept' || curve.optimum !== null);
    return usable ? [{ optimizer, curve }] : [];
  });
  const places = drawn.flatMap(({ curve }) =>
    curve.points.map(({ value }) => place(value, curve, sweep, view)),
  );
  if (places.length === 0) return null;
  const { bottom, top, crosses, empty } = lossRange(drawn, view);
  return frame(theme, {
    xAxis: valueAxis(places, sweep, view, theme),
    yAxis: axis(theme, 'final validation loss', {
      min: bottom,
      max: top,
      nameGap: nameGap(theme),
      axisLabel: { show: !empty, showMinLabel: false, showMaxLabel: false, formatter: short },
    }),
    tooltip: tooltip(theme, {
      trigger: 'item',
      formatter: (item: { data: Described }) => lines(item.data.told),
    }),
    series: drawn.flatMap((one) => [
      trialSeries(one, sweep, view, theme),
      deviationSeries(one, sweep, view, theme),
      meanSeries(one, sweep, view, theme),
      ...(['diverged', 'stopped'] as const).map((lost) =>
        lostSeries(lost, one, drawn, sweep, view, crosses, theme),
      ),
    ]),
  });
}

/** A datum with the lines its tooltip says. */
interface Described {
  readonly told: readonly string[];
}

function meanSeries({ optimizer, curve }: Drawn, sweep: Sweep, view: SensitivityView, theme: Theme) {
  return {
    type: 'line',
    name: optimizer.title,
    symbol: symbol(optimizer),
    itemStyle: { color: color(optimizer, theme) },
    lineStyle: { width: 2, type: lineType(optimizer) },
    emphasis: { focus: 'series' },
    data: withLoss(curve).map((point) => ({
      value: [place(point.value, curve, sweep, view), point.loss],
      symbolSize: point.value === curve.optimum ? 14 : 8,
      itemStyle: point.value === curve.optimum ? { borderColor: theme.text, borderWidth: 2 } : {},
      told: [
        `${optimizer.title}  ${point.loss.toFixed(4)}${point.deviation === null ? '' : ` ± ${point.deviation.toFixed(4)}`}`,
        `${sweep.key} ${valueText(point.value)}`,
        `${point.trials} ${point.trials === 1 ? 'trial' : 'trials'}${lostText(point)}`,
      ],
    })),
  };
}

function trialSeries({ optimizer, curve }: Drawn, sweep: Sweep, view: SensitivityView, theme: Theme) {
  return {
    type: 'scatter',
    name: `· ${optimizer.title}`,
    symbol: 'circle',
    symbolSize: 5,
    itemStyle: { color: color(optimizer, theme), opacity: 0.4 },
    data: curve.points.flatMap((point) =>
      Object.entries(point.losses).map(([id, loss]) => ({
        value: [place(point.value, curve, sweep, view), loss],
        told: [`${id}  ${loss.toFixed(4)}`, `${sweep.key} ${valueText(point.value)}`],
      })),
    ),
  };
}

/** One standard deviation over the seeds, either way. */
function deviationSeries({ optimizer, curve }: Drawn, sweep: Sweep, view: SensitivityView, theme: Theme) {
  return {
    type: 'custom',
    name: `· ${optimizer.title} ±`,
    silent: true,
    clip: true,
    data: withLoss(curve).flatMap(({ value, loss, deviation }) =>
      deviation === null ? [] : [[place(value, curve, sweep, view), loss - deviation, loss + deviation]],
    ),
    encode: { x: 0, y: [1, 2] },
    renderItem: (_params: unknown, api: CustomApi) => {
      const [x, low] = api.coord([api.value(0), api.value(1)]) as [number, number];
      const [, high] = api.coord([api.value(0), api.value(2)]) as [number, number];
      return {
        type: 'path',
        shape: { pathData: `M${x},${low} V${high} M${x - 5},${low} h10 M${x - 5},${high} h10` },
        style: { stroke: color(optimizer, theme), fill: 'none', lineWidth: 1.5 },
      };
    },
  };
}

interface CustomApi {
  value(dimension: number): number;
  coord(point: readonly number[]): number[];
}

/** Trials that diverged or were stopped, at the top: they have no final loss. */
function lostSeries(
  lost: 'diverged' | 'stopped',
  { optimizer, curve }: Drawn,
  all: readonly Drawn[],
  sweep: Sweep,
  view: SensitivityView,
  height: number,
  theme: Theme,
) {
  const points = curve.points.filter((point) => point[lost] > 0);
  return {
    type: 'scatter',
    name: `· ${optimizer.title} ${lost}`,
    symbol: lost === 'diverged' ? cross : stopSign,
    symbolSize: lost === 'diverged' ? 13 : 11,
    itemStyle: { color: color(optimizer, theme) },
    clip: false,
    data: points.map((point) => {
      const at = place(point.value, curve, sweep, view);
      return {
        value: [at, height],
        symbolOffset: [beside(optimizer, at, lost, all, sweep, view) * 16, lost === 'diverged' ? 0 : 14],
        told: [
          `${optimizer.title}: ${point[lost]} of ${point.trials} ${lost}`,
          `${sweep.key} ${valueText(point.value)}`,
        ],
      };
    }),
  };
}

/** Optimizers that lost trials at the same place stand beside each other, not on top. */
function beside(
  optimizer: OptimizerCharts,
  at: number,
  lost: 'diverged' | 'stopped',
  all: readonly Drawn[],
  sweep: Sweep,
  view: SensitivityView,
): number {
  const same = all.filter(({ curve }) =>
    curve.points.some((point) => point[lost] > 0 && place(point.value, curve, sweep, view) === at),
  );
  return same.findIndex((one) => one.optimizer === optimizer) - (same.length - 1) / 2;
}

function withLoss(curve: SweepCurve): (SweepPoint & { loss: number })[] {
  return curve.points.filter((point): point is SweepPoint & { loss: number } => point.loss !== null);
}

function lostText({ diverged, stopped }: SweepPoint): string {
  return [diverged > 0 ? `, ${diverged} diverged` : '', stopped > 0 ? `, ${stopped} stopped` : ''].join('');
}
