import type { ReportCharts } from './chart-data.ts';
import { type ChartOption, symbol, type Theme } from './theme.ts';

/** Height of a line that {@link withLegend} puts above a chart, and about the width of a character and of a marker in it, in points. */
const line = { height: 26, character: 7, marker: 34 };

/** The chart moved down by the lines that name the optimizers in it, `width` points wide. */
export function withLegend(
  option: ChartOption,
  optimizers: ReportCharts['optimizers'],
  theme: Theme,
  width: number,
): ChartOption {
  const names = new Set((option.series as { name: string }[]).map(({ name }) => name));
  const grid = option.grid as { top: number } | { top: number }[];
  const named = optimizers.filter(({ title }) => names.has(title));
  const length = named.reduce((sum, { title }) => sum + title.length * line.character + line.marker, 0);
  const height = Math.max(1, Math.ceil(length / width)) * line.height;
  return {
    ...option,
    backgroundColor: theme.background,
    legend: {
      top: 0,
      left: 'center',
      itemWidth: 12,
      itemHeight: 10,
      textStyle: { color: theme.text, fontSize: 13, fontFamily: theme.font },
      data: named.map((optimizer) => ({ name: optimizer.title, icon: symbol(optimizer) })),
    },
    ...(Array.isArray(grid) ? panelsBelow(option) : { grid: { ...grid, top: grid.top + height } }),
  };
}

/** Panels are placed in percent of the whole, which leaves them a little lower. */
function panelsBelow({ grid, title }: ChartOption): ChartOption {
  const lower = (top: unknown) => `${7 + Number.parseFloat(String(top)) * 0.93}%`;
  const moved = (parts: unknown) =>
    (parts as { top: unknown }[]).map((part) => ({ ...part, top: lower(part.top) }));
  return { grid: moved(grid), title: moved(title) };
}
