import { compactNumber } from '@steepest/run-files';
import type { LayerPoint } from '../results/results.ts';
import type { ReportCharts } from './chart-data.ts';
import { axis, type ChartOption, color, frame, lines, lineType, type Theme, tooltip } from './theme.ts';

/** What a reader calls the roles, in the order of the model; any other follows. */
const roleTitles: Readonly<Record<string, string>> = {
  embedding: 'embedding',
  attention: 'attention',
  mlp: 'MLP',
  norm: 'norms',
  lastLayer: 'last layer',
};

/** How the measures of the trainer read. */
const measureTitles: Readonly<Record<string, string>> = {
  gradientNorm: 'gradient norm',
  updateNorm: 'update norm',
  parameterNorm: 'parameter norm',
  updateToWeight: 'update to weight',
  effectiveRateSpread: 'spread of effective rate',
};

export interface LayerView {
  readonly measure: string;
}

/** Measures that some optimizer's layers have, the known ones first. */
export function layerMeasures({ optimizers }: ReportCharts): string[] {
  const points = optimizers.flatMap(({ layers }) => Object.values(layers).flat());
  const found = new Set(points.flatMap((point) => Object.keys(point).filter((key) => key !== 'step')));
  return [...Object.keys(measureTitles).filter((name) => found.has(name)), ...found].filter(
    (name, index, all) => all.indexOf(name) === index,
  );
}

/** What a measure is called for a reader. */
export function measureTitle(measure: string): string {
  return measureTitles[measure] ?? measure;
}

/** What the parameters of a role, such as `lastLayer`, are called for a reader. */
export function roleTitle(role: string): string {
  return roleTitles[role] ?? role;
}

/** A panel for each role, with a line for each optimizer's best trial; `null` where no layers were recorded. */
export function layersOption(charts: ReportCharts, { measure }: LayerView, theme: Theme): ChartOption | null {
  const roles = rolesOf(charts, measure);
  if (roles.length === 0) return null;
  const columns = theme.narrow ? 2 : 3;
  const rows = Math.ceil(roles.length / columns);
  const grids = roles.map((_, index) => ({
    left: `${(100 * (index % columns)) / columns + (theme.narrow ? 12 : 6)}%`,
    width: `${100 / columns - (theme.narrow ? 14 : 8)}%`,
    top: `${(100 * Math.floor(index / columns)) / rows + (theme.narrow ? 6 : 9)}%`,
    height: `${100 / rows - (theme.narrow ? 14.5 : 20)}%`,
  }));
  return frame(theme, {
    grid: grids,
    title: roles.map((role, index) => ({
      text: roleTitle(role),
      left: grids[index]!.left,
      top: `${(100 * Math.floor(index / columns)) / rows}%`,
      textStyle: { color: theme.text, fontSize: 13, fontFamily: theme.font },
    })),
    xAxis: roles.map((_, gridIndex) =>
      axis(theme, 'step', {
        gridIndex,
        nameGap: 24,
        splitNumber: 3,
        axisLabel: { formatter: compactNumber },
      }),
    ),
    yAxis: roles.map((_, gridIndex) => ({
      ...axis(theme, '', { gridIndex }),
      type: 'log',
      axisLabel: { color: theme.muted, formatter: scientific, hideOverlap: true },
    })),
    tooltip: tooltip(theme, {
      trigger: 'axis',
      formatter: (items: { seriesName: string; value: [number, number] }[]) =>
        lines([
          `step ${compactNumber(items[0]!.value[0])}`,
          ...items.map(({ seriesName, value }) => `${seriesName}  ${value[1].toPrecision(3)}`),
        ]),
    }),
    series: roles.flatMap((role, index) =>
      charts.optimizers.map((optimizer) => ({
        type: 'line',
        name: optimizer.title,
        xAxisIndex: index,
        yAxisIndex: index,
        showSymbol: false,
        itemStyle: { color: color(optimizer, theme) },
        lineStyle: { width: 1.5, type: lineType(optimizer) },
        emphasis: { focus: 'series' },
        data: positive(optimizer.layers[role] ?? [], measure),
      })),
    ),
  });
}

function rolesOf({ optimizers }: ReportCharts, measure: string): string[] {
  const found = new Set(
    optimizers.flatMap(({ layers }) =>
      Object.entries(layers).flatMap(([role, points]) =>
        positive(points, measure).length > 0 ? [role] : [],
      ),
    ),
  );
  const known = Object.keys(roleTitles).filter((role) => found.has(role));
  return [...known, ...[...found].filter((role) => !known.includes(role)).sort()];
}

/** The axis is logarithmic: a measure of nothing, such as the update of a frozen layer, leaves a gap. */
function positive(points: readonly LayerPoint[], measure: string): [number, number][] {
  return points.flatMap((point) => {
    const value = point[measure];
    return value !== undefined && value > 0 ? [[point.step, value]] : [];
  });
}

function scientific(value: number): string {
  return value >= 0.01 && value < 1e4 ? String(value) : value.toExponential(0).replace('+', '');
}
