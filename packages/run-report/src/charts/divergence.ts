import type { SweepPoint } from '../results/results.ts';
import { valueText } from '../statistics/sweeps.ts';
import type { ReportCharts } from './chart-data.ts';
import { axis, type ChartOption, frame, lines, type Theme, tooltip } from './theme.ts';

interface Cell {
  readonly value: readonly [column: number, row: number];
  readonly color: string;
  readonly label: string;
  /** For a cell too narrow for the label. */
  readonly briefly: string;
  readonly told: readonly string[];
}

/** Which values of a hyperparameter each optimizer bore, or `null` where it was not swept. */
export function divergenceOption(
  charts: ReportCharts,
  { key }: { readonly key: string },
  theme: Theme,
): ChartOption | null {
  const sweep = charts.sweeps.find((one) => one.key === key);
  if (!sweep) return null;
  const drawn = charts.optimizers.filter(({ name }) =>
    sweep.curves.some(({ optimizer, points }) => optimizer === name && points.length > 0),
  );
  if (drawn.length === 0) return null;
  const cells = drawn.flatMap((optimizer, row) => {
    const curve = sweep.curves.find((one) => one.optimizer === optimizer.name)!;
    return curve.points.map((point) => ({
      ...appearance(point, theme),
      value: [sweep.values.indexOf(point.value), row] as const,
      told: [
        `${optimizer.title}, ${key} ${valueText(point.value)}`,
        `${point.trials} trials: ${Object.keys(point.losses).length} finished, ${point.diverged} diverged, ${point.stopped} stopped`,
        ...(point.loss === null ? [] : [`loss ${point.loss.toFixed(4)}`]),
      ],
    }));
  });
  const category = { type: 'category', axisTick: { show: false }, splitLine: { show: false } };
  return frame(theme, {
    grid: { left: theme.narrow ? 84 : 110, right: 12, top: 8, bottom: 48 },
    xAxis: axis(theme, key, {
      ...category,
      data: sweep.values.map(valueText),
      axisLabel: { rotate: theme.narrow && sweep.values.length > 6 ? 60 : 0, interval: 0 },
      nameGap: theme.narrow && sweep.values.length > 6 ? 38 : 30,
    }),
    yAxis: {
      ...category,
      data: drawn.map(({ title }) => title),
      inverse: true,
      axisLabel: { color: theme.text },
      axisLine: { lineStyle: { color: theme.line } },
    },
    tooltip: tooltip(theme, { trigger: 'item', formatter: (item: { data: Cell }) => lines(item.data.told) }),
    series: [
      {
        type: 'custom',
        name: '· trials',
        data: cells,
        encode: { x: 0, y: 1 },
        renderItem: ({ dataIndex }: { dataIndex: number }, api: CellApi) =>
          rectangle(cells[dataIndex]!, api, theme),
      },
    ],
  });
}

interface CellApi {
  coord(point: readonly number[]): number[];
  size(extent: readonly number[]): number[];
}

function rectangle({ value, color, label, briefly }: Cell, api: CellApi, theme: Theme) {
  const [x, y] = api.coord(value) as [number, number];
  const [width, height] = api.size([1, 1]) as [number, number];
  const text = [label, briefly].find((candidate) => candidate.length * 5.5 < width - 4);
  return {
    type: 'rect',
    shape: { x: x - width / 2 + 1, y: y - height / 2 + 1, width: width - 2, height: height - 2, r: 3 },
    style: { fill: color },
    ...(text
      ? {
          textContent: { style: { text, fill: theme.text, fontSize: 11, fontFamily: theme.font } },
          textConfig: { position: 'inside' },
        }
      : {}),
  };
}

function appearance(point: SweepPoint, theme: Theme): Pick<Cell, 'color' | 'label' | 'briefly'> {
  const { trials, diverged, stopped, loss } = point;
  if (diverged + stopped > 0) {
    const counts = [
      ...(diverged > 0 ? [`${diverged} div.`] : []),
      ...(stopped > 0 ? [`${stopped} stop.`] : []),
    ];
    const share = 0.25 + (0.5 * (diverged + stopped)) / trials;
    return {
      color: mixed(diverged > 0 ? theme.bad : theme.waiting, theme, share),
      label: `${counts.join(', ')} of ${trials}`,
      briefly: `${diverged + stopped}/${trials}`,
    };
  }
  return {
    color: mixed(theme.model, theme, loss === null ? 0.15 : 0.4),
    label: loss === null ? '' : loss.toFixed(2),
    briefly: loss === null ? '' : loss.toFixed(1),
  };
}

/** A share of one color on the background. */
function mixed(color: string, { background }: Theme, share: number): string {
  const channels = (hex: string) =>
    [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
  const ground = channels(background);
  const mix = channels(color).map((value, index) => Math.round(value * share + ground[index]! * (1 - share)));
  return `rgb(${mix.join(',')})`;
}
