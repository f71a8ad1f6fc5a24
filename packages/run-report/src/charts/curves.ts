import { compactNumber } from '@steepest/run-files';
import type { CurveRow, OptimizerCharts, ReportCharts } from './chart-data.ts';
import {
  axis,
  type ChartOption,
  color,
  frame,
  lines,
  lineType,
  nameGap,
  symbol,
  type Theme,
  tooltip,
} from './theme.ts';

/** What a loss curve is drawn along. */
export const alongside = ['step', 'tokens', 'seconds', 'FLOPs'] as const;
export type Alongside = (typeof alongside)[number];

export interface CurveView {
  readonly curve: 'validation' | 'train';
  readonly x: Alongside;
  readonly range: 'whole run' | 'second half';
  readonly of: 'best setting' | 'every trial';
}

/** Which curves to choose from, the usual one first: while trials are at work, all of them. */
export function curveChoices({ optimizers }: ReportCharts): readonly CurveView['of'][] {
  const running = optimizers.some(({ trials }) => trials.some(({ status }) => status === 'running'));
  return running ? ['every trial', 'best setting'] : ['best setting', 'every trial'];
}

interface Line {
  readonly optimizer: OptimizerCharts;
  readonly name: string;
  readonly rows: readonly CurveRow[];
  readonly weight: 'bold' | 'faint' | 'thin';
  readonly dotted?: boolean;
}

/** Loss over the run, or `null` where nothing was logged. */
export function curvesOption(charts: ReportCharts, view: CurveView, theme: Theme): ChartOption | null {
  const drawn = charts.optimizers
    .filter(({ flopsPerToken }) => view.x !== 'FLOPs' || flopsPerToken !== null)
    .flatMap((optimizer) =>
      view.of === 'every trial' ? trialLines(optimizer, view) : bestLines(optimizer, view),
    );
  if (drawn.every(({ rows }) => rows.length === 0)) return null;
  const last = Math.max(
    ...drawn.map(({ optimizer, rows }) => (rows.length > 0 ? position(rows.at(-1)!, view.x, optimizer) : 0)),
  );
  const from = view.range === 'second half' ? last / 2 : 0;
  const series = drawn.map((line) => lineSeries(line, from, view, theme));
  return frame(theme, {
    xAxis: axis(theme, view.x === 'FLOPs' ? 'model FLOPs of training' : view.x, {
      min: from,
      max: last || 1,
      axisLabel: { formatter: compactNumber },
    }),
    yAxis: axis(theme, 'loss, nats per token', { scale: true, nameGap: nameGap(theme) }),
    tooltip: tooltip(theme, { trigger: 'axis', formatter: (items: TooltipItem[]) => describe(items, view) }),
    series: [
      ...series,
      ...baselineSeries(charts, view, from, last, theme),
      ...ngramSeries(charts, view, series, [from, last], theme),
    ],
  });
}

interface TooltipItem {
  readonly seriesName: string;
  readonly value: readonly [number, number | null];
}

function describe(items: readonly TooltipItem[], { x }: CurveView): string {
  const losses = items
    .filter(({ seriesName, value }) => !seriesName.startsWith('·') && value[1] !== null)
    .sort((a, b) => a.value[1]! - b.value[1]!)
    .slice(0, 14)
    .map(({ seriesName, value }) => `${seriesName}  ${value[1]!.toFixed(4)}`);
  return lines([`${x} ${compactNumber(items[0]!.value[0])}`, ...losses]);
}

function bestLines(optimizer: OptimizerCharts, { curve }: CurveView): Line[] {
  const rows = optimizer.curve[curve];
  const bold = { optimizer, name: optimizer.title, rows, weight: 'bold' as const };
  if (curve === 'validation') {
    const seeds = optimizer.seeds.map(
      (seed, index): Line => ({
        optimizer,
        name: `· ${optimizer.title} ${index + 1}`,
        rows: seed,
        weight: 'faint',
      }),
    );
    return [...seeds, bold];
  }
  const smooth = movingAverage(rows, Math.max(3, rows.length / 25));
  return [
    { ...bold, name: `· ${optimizer.title}`, weight: 'faint' },
    { ...bold, rows: smooth },
  ];
}

function trialLines(optimizer: OptimizerCharts, { curve }: CurveView): Line[] {
  return optimizer.trials.map((trial) => ({
    optimizer,
    name: trial.status === 'finished' ? trial.id : `${trial.id} (${trial.status})`,
    rows: curve === 'train' ? movingAverage(trial.train, trial.train.length / 25) : trial.validation,
    weight: 'thin',
    dotted: trial.status !== 'finished',
  }));
}

function lineSeries(
  { optimizer, name, rows, weight, dotted }: Line,
  from: number,
  { curve, x }: CurveView,
  theme: Theme,
): ChartOption {
  const bold = weight === 'bold';
  return {
    type: 'line',
    name,
    data: rows
      .map((row) => [position(row, x, optimizer), row[3]] as const)
      .filter(([place]) => place >= from),
    symbol: symbol(optimizer),
    symbolSize: bold ? 7 : 4,
    showSymbol: curve === 'validation' && weight !== 'faint' && rows.length <= 40,
    silent: weight === 'faint',
    itemStyle: { color: color(optimizer, theme) },
    lineStyle: {
      width: bold ? 2 : 1,
      opacity: weight === 'faint' ? 0.3 : 1,
      type: dotted ? 'dotted' : lineType(optimizer),
    },
    emphasis: weight === 'faint' ? { disabled: true } : { focus: 'series' },
  };
}

/** The loss to reach, as a line across. */
function baselineSeries(
  { baseline }: ReportCharts,
  { curve }: CurveView,
  from: number,
  last: number,
  theme: Theme,
): ChartOption[] {
  if (!baseline || curve !== 'validation') return [];
  return [across(`${baseline.title}'s final loss`, baseline.loss, [from, last], [2, 4], theme)];
}

/** What counts of n-grams reach, as lines across; those above all that is drawn would only flatten it. */
function ngramSeries(
  { ngrams }: ReportCharts,
  { curve }: CurveView,
  drawn: readonly ChartOption[],
  [from, last]: readonly [number, number],
  theme: Theme,
): ChartOption[] {
  if (curve !== 'validation') return [];
  const losses = drawn.flatMap(({ data }) =>
    (data as [number, number | null][]).flatMap(([, loss]) => loss ?? []),
  );
  const highest = Math.max(...losses);
  return ngrams
    .filter(({ loss }) => loss <= highest)
    .map(({ title, loss }) => ({
      ...across(title, loss, [from, last], [6, 3], theme),
      markPoint: {
        silent: true,
        symbol: 'circle',
        symbolSize: 0,
        data: [{ coord: [last, loss] }],
        label: {
          formatter: title,
          color: theme.muted,
          position: 'insideBottomRight',
          distance: 2,
          fontSize: 11,
        },
      },
    }));
}

/** A loss as a line across the chart, with no entry in its tooltip. */
function across(
  name: string,
  loss: number,
  [from, last]: readonly [number, number],
  dash: readonly [number, number],
  theme: Theme,
): ChartOption {
  return {
    type: 'line',
    name: `· ${name}`,
    data: [
      [from, loss],
      [last, loss],
    ],
    showSymbol: false,
    silent: true,
    lineStyle: { color: theme.muted, width: 1, type: dash },
    itemStyle: { color: theme.muted },
    emphasis: { disabled: true },
  };
}

function position(row: CurveRow, x: Alongside, { flopsPerToken }: OptimizerCharts): number {
  if (x === 'FLOPs') return row[4] ?? row[1] * (flopsPerToken ?? 0);
  return row[alongside.indexOf(x) as 0 | 1 | 2];
}

function movingAverage(rows: readonly CurveRow[], width: number): CurveRow[] {
  return rows.map((row, index) => {
    const reach = Math.min(Math.floor(width / 2), index, rows.length - 1 - index);
    const losses = rows.slice(index - reach, index + reach + 1).flatMap((near) => near[3] ?? []);
    const sum = losses.reduce((total, loss) => total + loss, 0);
    const smooth = losses.length > 0 ? sum / losses.length : null;
    const [step, tokens, seconds, , ...flops] = row;
    return [step, tokens, seconds, smooth, ...flops];
  });
}
