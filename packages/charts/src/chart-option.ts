import { type DrawnScale, drawnScale } from './axis-ticks.ts';
import type { Chart, ChartAxis, ChartSeries } from './chart.ts';
import { colors, fontFamily, seriesColors } from './colors.ts';
import { legendLines } from './legend-lines.ts';

/** An option of echarts, whose own types leave the series open. */
export type ChartOption = Record<string, unknown>;

const textColor = colors.text.light;
const mutedColor = colors.muted.light;
const lineColor = colors.line.light;
const inTurn = Object.values(seriesColors).map(({ light }) => light);
const symbols = [
  'circle',
  'triangle',
  'rect',
  'diamond',
  'emptyCircle',
  'emptyTriangle',
  'emptyRect',
  'emptyDiamond',
];

/** Names of series beyond which a legend says less than it takes. */
const longestLegend = 16;
const legendLine = 22;
const titleLine = 20;
const stroke = 'path://M0,4 H20 V6.5 H0 Z';

/** Where prediction and measurement are the same. */
const equal: Style = { color: colors.neutral.light, symbol: 'none' };

/** A chart as an option of echarts; logarithmic axes are drawn as the logarithms, with ticks of our own. */
export function chartOption(chart: Chart, width: number): ChartOption {
  const x = drawnScale(
    chart.x.scale,
    chart.series.flatMap(({ x: values }) => values),
  );
  const y = drawnScale(
    chart.y.scale,
    chart.series.flatMap((series) => (series.kind === 'band' ? [...series.low, ...series.high] : series.y)),
  );
  const groups = [...new Set(chart.series.map(groupOf))];
  const styles = new Map(groups.map((group, index) => [group, styleOf(group, index)]));
  // A title of several lines moves the rest down; a letter is about 7 points wide.
  const titleRoom = titleLine * Math.floor((7 * chart.title.length) / (width - 24));
  const legend = legendOf(chart.series, width, titleRoom);
  return {
    animation: false,
    backgroundColor: colors.ground.light,
    textStyle: { fontFamily, color: textColor },
    title: {
      text: chart.title,
      ...{ left: 12, top: 8 },
      textStyle: { fontFamily, fontSize: 16, color: textColor, width: width - 24, overflow: 'break' },
    },
    grid: { left: 72, right: 24, top: 42 + titleRoom + legend.height, bottom: 54 },
    ...(legend.option === undefined ? {} : { legend: legend.option }),
    xAxis: axisOption(chart.x, x, 30),
    yAxis: axisOption(chart.y, y, 50),
    series: chart.series.map((series) => {
      const paired = chart.series.some((other) => other !== series && groupOf(other) === groupOf(series));
      return seriesOption(series, { ...styles.get(groupOf(series))!, paired }, x, y);
    }),
  };
}

function styleOf(group: string, index: number): Style {
  if (group === 'equal') return equal;
  // Once round the colors, each comes with another symbol.
  const turn = Math.floor(index / inTurn.length);
  return { color: inTurn[index % inTurn.length]!, symbol: symbols[(index + turn) % symbols.length]! };
}

/** The line of a law, `x: law` or `x, predicted`, has the color of the points `x`. */
function groupOf({ name }: ChartSeries): string {
  return name.replace(/(: [^:]*|, predicted)$/, '');
}

function legendOf(series: readonly ChartSeries[], width: number, titleRoom: number) {
  const groups = new Set(series.map(({ name }) => name));
  const named = series.filter((own) => own.name === groupOf(own) || !groups.has(groupOf(own)));
  const entries = [...new Map(named.map((own) => [own.name, own])).values()];
  if (entries.length < 2 || entries.length > longestLegend) return { height: 0 };
  return {
    height:
      legendLine *
      legendLines(
        entries.map(({ name }) => name),
        width - 36,
      ).length,
    option: {
      data: entries.map(({ name, kind }) => (kind === 'line' ? { name, icon: stroke } : { name })),
      top: 34 + titleRoom,
      left: 12,
      itemWidth: 18,
      itemHeight: 9,
      textStyle: { color: textColor, fontSize: 13, fontFamily },
    },
  };
}

function axisOption(
  { name, unit, scale }: ChartAxis,
  { min, max, ticks, label }: DrawnScale,
  nameGap: number,
): ChartOption {
  const custom = { customValues: ticks };
  return {
    type: 'value',
    name: unit === '' || unit === name || unit === `${name}s` ? name : `${name}, ${unit}`,
    nameLocation: 'middle',
    nameGap,
    nameTextStyle: { color: mutedColor, fontSize: 13, fontFamily },
    min,
    max,
    axisTick: { show: true, ...custom, lineStyle: { color: lineColor } },
    axisLabel: { ...custom, formatter: label, color: mutedColor, fontFamily, hideOverlap: true },
    axisLine: { show: true, onZero: false, lineStyle: { color: lineColor } },
    splitLine: { show: scale === 'linear', lineStyle: { color: lineColor, opacity: 0.6 } },
  };
}

interface Style {
  readonly color: string;
  readonly symbol: string;
  /** Whether points and the line of their law share it. */
  readonly paired?: boolean | undefined;
}

function seriesOption(series: ChartSeries, style: Style, x: DrawnScale, y: DrawnScale): ChartOption {
  if (series.kind === 'band') return bandOption(series, style, x, y);
  const data = placed(series.x, series.y, x, y);
  const shared = { name: series.name, data, itemStyle: { color: style.color } };
  if (series.kind === 'line') {
    return {
      ...shared,
      type: 'line',
      showSymbol: false,
      lineStyle: { color: style.color, width: style.paired ? 1.5 : 2 },
      z: 3,
    };
  }
  return {
    ...shared,
    type: 'scatter',
    symbol: style.symbol,
    symbolSize: data.length > (style.paired ? 50 : 200) ? 4 : 7,
    itemStyle: { color: style.color, opacity: data.length <= 50 ? 0.9 : style.paired ? 0.35 : 0.6 },
  };
}

function bandOption(
  series: Extract<ChartSeries, { kind: 'band' }>,
  { color }: Style,
  x: DrawnScale,
  y: DrawnScale,
): ChartOption {
  const outline = [...placed(series.x, series.low, x, y), ...placed(series.x, series.high, x, y).reverse()];
  return {
    name: series.name,
    type: 'custom',
    z: 1,
    itemStyle: { color: color, opacity: 0.3 },
    // One item draws the whole outline.
    data: outline.slice(0, 1),
    renderItem: (_: unknown, { coord }: { coord(at: readonly number[]): number[] }) => ({
      type: 'polygon',
      shape: { points: outline.map((at) => coord(at)) },
      style: { fill: color, opacity: 0.15 },
    }),
  };
}

function placed(
  xs: readonly number[],
  ys: readonly number[],
  x: DrawnScale,
  y: DrawnScale,
): [number, number][] {
  return xs.flatMap((value, index): [number, number][] => {
    const [across, up] = [x.place(value), y.place(ys[index]!)];
    return across === undefined || up === undefined ? [] : [[across, up]];
  });
}
