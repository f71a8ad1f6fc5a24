import { legendLines } from '@steepest/charts';
import type { ReportCharts } from './chart-data.ts';
import { type ChartOption, symbol, type Theme } from './theme.ts';

/** Height of a line above or below a chart, in points. */
const lineHeight = 26;

/** Two strokes: of lines that share color and symbol, the dashed one. */
const dashes = 'path://M0,3 H8 V7 H0 Z M12,3 H20 V7 H12 Z';

/** A chart and the size that it is drawn in, in points. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly option: ChartOption;
}

/** The chart below lines that name the optimizers in it. */
export function withLegend(drawing: Drawing, optimizers: ReportCharts['optimizers'], theme: Theme): Drawing {
  const names = new Set((drawing.option.series as { name: string }[]).map(({ name }) => name));
  const icons = new Map(
    optimizers.flatMap((one) =>
      names.has(one.title) ? [[one.title, one.mark.dashed ? dashes : symbol(one)] as const] : [],
    ),
  );
  const lines = legendLines([...icons.keys()], drawing.width);
  const { option, ...size } = withRoom(drawing, { above: lineHeight * lines.length, below: 0 });
  const legend = {
    top: 0,
    left: 'center',
    itemWidth: 12,
    itemHeight: 10,
    textStyle: { color: theme.text, fontSize: 13, fontFamily: theme.font },
    // An empty name begins a new line.
    data: lines.flatMap((line, index) => [
      ...(index === 0 ? [] : ['']),
      ...line.map((name) => ({ name, icon: icons.get(name) })),
    ]),
  };
  return { ...size, option: { ...option, legend } };
}

/** The chart with a sentence about it: in the name of its horizontal axis, or below its panels. */
export function withNote(drawing: Drawing, note: string, theme: Theme): Drawing {
  if (!Array.isArray(drawing.option.grid)) {
    const xAxis = drawing.option.xAxis as { readonly name: string };
    const named = { ...xAxis, name: `${xAxis.name} (${note})` };
    return { ...drawing, option: { ...drawing.option, xAxis: named } };
  }
  const { option, ...size } = withRoom(drawing, { above: 0, below: lineHeight });
  const line = {
    text: note,
    left: 'center',
    bottom: 4,
    textStyle: { color: theme.muted, fontSize: 13, fontWeight: 'normal', fontFamily: theme.font },
  };
  return { ...size, option: { ...option, title: [...(option.title as object[]), line] } };
}

/** The chart in as much room as before, and more above and below it. */
function withRoom(
  { width, height, option }: Drawing,
  { above, below }: { readonly above: number; readonly below: number },
): Drawing {
  const size = { width, height: height + above + below };
  const grid = option.grid as { readonly top: number } | readonly Placed[];
  if ('top' in grid) return { ...size, option: { ...option, grid: { ...grid, top: grid.top + above } } };
  // Panels and their titles are placed in percent of the whole.
  const points = (place: number | string) =>
    typeof place === 'string' ? (height * Number.parseFloat(place)) / 100 : place;
  const placed = (parts: readonly Placed[]) =>
    parts.map((part) => ({
      ...part,
      ...(part.top === undefined ? {} : { top: above + points(part.top) }),
      ...(part.height === undefined ? {} : { height: points(part.height) }),
    }));
  return { ...size, option: { ...option, grid: placed(grid), title: placed(option.title as Placed[]) } };
}

/** Where a panel or its title is, in points, or in percent as a text. */
interface Placed {
  readonly top?: number | string;
  readonly height?: number | string;
}
