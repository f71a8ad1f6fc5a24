import type { ReportCharts } from './chart-data.ts';
import { type ChartOption, symbol, type Theme } from './theme.ts';

/** Height of the line that {@link withLegend} puts above a chart, in points. */
const legendHeight = 26;

/** The chart moved down by a line that names the optimizers in it. */
export function withLegend(
  option: ChartOption,
  optimizers: ReportCharts['optimizers'],
  theme: Theme,
): ChartOption {
  const names = new Set((option.series as { name: string }[]).map(({ name }) => name));
  const grid = option.grid as { top: number } | { top: number }[];
  return {
    ...option,
    backgroundColor: theme.background,
    legend: {
      top: 0,
      left: 'center',
      itemWidth: 12,
      itemHeight: 10,
      textStyle: { color: theme.text, fontSize: 13, fontFamily: theme.font },
      data: optimizers
        .filter(({ title }) => names.has(title))
        .map((optimizer) => ({ name: optimizer.title, icon: symbol(optimizer) })),
    },
    ...(Array.isArray(grid) ? panelsBelow(option) : { grid: { ...grid, top: grid.top + legendHeight } }),
  };
}

/** Panels are placed in percent of the whole, which leaves them a little lower. */
function panelsBelow({ grid, title }: ChartOption): ChartOption {
  const lower = (top: unknown) => `${7 + Number.parseFloat(String(top)) * 0.93}%`;
  const moved = (parts: unknown) =>
    (parts as { top: unknown }[]).map((part) => ({ ...part, top: lower(part.top) }));
  return { grid: moved(grid), title: moved(title) };
}
