import type { OptimizerCharts, ReportCharts } from './chart-data.ts';
import { axis, type ChartOption, color, frame, lines, rowAxis, short, type Theme, tooltip } from './theme.ts';

type Field = 'modelMilliseconds' | 'optimizerMilliseconds' | 'stateBytesPerParameter';

const fieldNames: Readonly<Record<Field, string>> = {
  modelMilliseconds: 'model',
  optimizerMilliseconds: 'optimizer',
  stateBytesPerParameter: 'state',
};

/** Milliseconds per step, the optimizer's own share in its color. */
export function timeOption(charts: ReportCharts, theme: Theme): ChartOption | null {
  return bars(charts, ['modelMilliseconds', 'optimizerMilliseconds'], 'ms', theme);
}

/** Bytes of optimizer state per parameter. */
export function stateOption(charts: ReportCharts, theme: Theme): ChartOption | null {
  return bars(charts, ['stateBytesPerParameter'], 'bytes', theme);
}

function bars(
  charts: ReportCharts,
  fields: readonly [Field, ...Field[]],
  unit: string,
  theme: Theme,
): ChartOption | null {
  const drawn = charts.optimizers.filter((optimizer) => optimizer[fields[0]] !== null).reverse();
  if (drawn.length === 0) return null;
  const { left, yAxis } = rowAxis(
    theme,
    drawn.map(({ title }) => title),
  );
  return frame(theme, {
    grid: {
      left,
      right: fields.length > 1 ? 84 : 48,
      top: 8,
      bottom: 44,
    },
    xAxis: axis(theme, unit),
    yAxis,
    tooltip: tooltip(theme, {
      trigger: 'axis',
      axisPointer: { type: 'shadow' },
      formatter: (items: { name: string; seriesName: string; value: number }[]) =>
        lines([
          items[0]!.name,
          ...items.map(({ seriesName, value }) => `${seriesName}  ${short(value)} ${unit}`),
        ]),
    }),
    series: fields.map((field, index) => ({
      type: 'bar',
      stack: 'all',
      name: fieldNames[field],
      barMaxWidth: 22,
      data: drawn.map((optimizer) => ({
        value: optimizer[field] ?? 0,
        itemStyle: {
          color: field === 'modelMilliseconds' ? theme.model : color(optimizer, theme),
          ...(optimizer.mark.dashed ? { opacity: 0.6 } : {}),
        },
      })),
      label: {
        show: index === fields.length - 1,
        position: 'right',
        color: theme.text,
        formatter: ({ dataIndex }: { dataIndex: number }) => label(drawn[dataIndex]!, fields),
      },
    })),
  });
}

function label(optimizer: OptimizerCharts, fields: readonly Field[]): string {
  const total = fields.reduce((sum, field) => sum + (optimizer[field] ?? 0), 0);
  const part = optimizer.optimizerMilliseconds;
  return short(total) + (fields.length > 1 && part !== null ? ` (${short(part)})` : '');
}
