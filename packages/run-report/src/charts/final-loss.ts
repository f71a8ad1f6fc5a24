import { mean } from '@steepest/statistics';
import type { OptimizerCharts, ReportCharts } from './chart-data.ts';
import { axis, type ChartOption, color, frame, lines, rowAxis, type Theme, tooltip } from './theme.ts';

/**
 * Final validation loss of every optimizer at its best setting, lowest on top: each seed, and their mean. What counts of n-grams reach
 * stands across, where it is within the range. `null` where no optimizer has a loss.
 */
export function finalLossOption({ optimizers, ngrams }: ReportCharts, theme: Theme): ChartOption | null {
  const drawn = optimizers
    .filter(({ losses }) => losses.length > 0)
    .sort((a, b) => meanLoss(b) - meanLoss(a));
  if (drawn.length === 0) return null;
  const { least, most, beyond } = rangeOf(drawn, ngrams);
  const { left, yAxis } = rowAxis(
    theme,
    drawn.map(({ title }) => title),
  );
  const shownLines = ngrams.filter(({ loss }) => loss >= least && loss <= most);
  return frame(theme, {
    grid: {
      left,
      right: 76,
      top: shownLines.length > 0 ? 24 : 8,
      bottom: 44,
    },
    xAxis: axis(theme, 'final validation loss, nats per token', {
      min: least,
      max: most,
      axisLabel: { showMinLabel: false, showMaxLabel: false },
    }),
    yAxis: {
      ...yAxis,
      axisLabel: { color: theme.text, interval: 0 },
      splitLine: { show: true, lineStyle: { color: theme.line, opacity: 0.4 } },
    },
    tooltip: tooltip(theme, {
      trigger: 'item',
      formatter: ({ data }: { data: { told?: string[] } }) => lines(data.told ?? []),
    }),
    series: [
      {
        type: 'scatter',
        name: '· seeds',
        symbolSize: 6,
        data: drawn.flatMap((optimizer) =>
          optimizer.losses
            .filter((loss) => loss <= most)
            .map((loss) => ({
              value: [loss, optimizer.title],
              itemStyle: { color: color(optimizer, theme), opacity: 0.4 },
              told: [`${optimizer.title}  ${loss.toFixed(4)}`],
            })),
        ),
      },
      {
        type: 'scatter',
        name: 'mean',
        symbol: 'circle',
        symbolSize: 10,
        data: drawn.map((optimizer) => ({
          value: [Math.min(meanLoss(optimizer), most), optimizer.title],
          itemStyle: { color: color(optimizer, theme) },
          told: [`${optimizer.title}  ${meanLoss(optimizer).toFixed(4)}`],
        })),
        ...(shownLines.length > 0 ? { markLine: across(shownLines, theme) } : {}),
      },
      {
        // Beyond the seeds, which a number would cover.
        type: 'scatter',
        name: '· numbers',
        silent: true,
        symbolSize: 0.01,
        data: drawn.map((optimizer) => [Math.min(Math.max(...optimizer.losses), most), optimizer.title]),
        label: {
          show: true,
          position: 'right',
          distance: 10,
          color: theme.text,
          // Lines of n-grams do not cross it.
          textBorderColor: theme.surface,
          textBorderWidth: 3,
          formatter: ({ dataIndex }: { dataIndex: number }) => {
            const loss = meanLoss(drawn[dataIndex]!);
            return beyond && loss > most ? `${loss.toFixed(3)} →` : loss.toFixed(3);
          },
        },
      },
    ],
  });
}

/** Mean of the losses that an optimizer's best setting counts with; NaN without any. */
export const meanLoss = ({ losses }: Pick<OptimizerCharts, 'losses'>): number => mean(losses);

/**
 * From the lowest loss, or what counts reach below it, to the highest. The worst do not squeeze the others together: a mean that is
 * further above the median than four times the median is above the lowest stands at the right edge, with an arrow, and a seed is left out.
 */
function rangeOf(
  drawn: readonly OptimizerCharts[],
  ngrams: ReportCharts['ngrams'],
): { least: number; most: number; beyond: boolean } {
  const all = drawn.flatMap(({ losses }) => losses).sort((a, b) => a - b);
  const means = drawn.map(meanLoss).sort((a, b) => a - b);
  const [lowest, highest] = [all[0]!, all.at(-1)!];
  const median = means[Math.floor(means.length / 2)]!;
  const limit = median + 4 * (median - lowest);
  const beyond = means.length > 4 && highest > limit;
  const end = beyond ? limit : highest;
  // Counts that beat every optimizer are shown as well, unless they are far below.
  const counts = ngrams.map(({ loss }) => loss).filter((loss) => loss > lowest - (end - lowest));
  const start = Math.min(lowest, ...counts);
  const room = 0.04 * (end - start) || 0.01;
  return { least: start - room, most: end + room, beyond };
}

function across(shown: ReportCharts['ngrams'], theme: Theme): ChartOption {
  return {
    silent: true,
    symbol: 'none',
    z: 1,
    lineStyle: { color: theme.muted, type: [6, 3], width: 1 },
    label: { color: theme.muted, position: 'end', formatter: '{b}' },
    // Names of neighbors stand to either side of their lines.
    data: [...shown]
      .sort((a, b) => a.loss - b.loss)
      .map(({ title, loss }, index, all) => ({
        name: title,
        xAxis: loss,
        ...(all.length > 1 ? { label: { align: index % 2 === 0 ? 'right' : 'left' } } : {}),
      })),
  };
}
