import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chartData, type ReportCharts } from '../src/charts/chart-data.ts';
import { finalLossOption } from '../src/charts/final-loss.ts';
import type { Theme } from '../src/charts/theme.ts';
import { collectResults } from '../src/collecting/collect-results.ts';
import { writeRuns } from './synthetic-runs.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steepest-final-loss-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const theme = { dark: false, narrow: false, text: '#000', muted: '#555' } as Theme;

interface Drawn {
  xAxis: { min: number; max: number };
  yAxis: { data: string[] };
  series: [
    { data: { value: [number, string] }[] },
    {
      data: { value: [number, string] }[];
      markLine?: { data: { name: string }[] };
    },
    { label: { formatter: (item: { dataIndex: number }) => string } },
  ];
}
const draw = (charts: ReportCharts) => finalLossOption(charts, theme) as unknown as Drawn;

it('has a row for each optimizer, the lowest mean on top, with every seed of its best setting and the n-grams near them', async () => {
  await writeRuns(directory, [
    { optimizer: 'adam', learningRate: 1e-3, loss: 5.0, seed: 1 },
    { optimizer: 'adam', learningRate: 1e-3, loss: 5.2, seed: 2 },
    { optimizer: 'adam', learningRate: 1e-2, loss: 6, seed: 1 },
    { optimizer: 'lion', learningRate: 1e-4, loss: 5.05, seed: 1 },
    { optimizer: 'sgd', learningRate: 1, status: 'diverged' },
  ]);
  const charts = {
    ...chartData(await collectResults(directory)),
    ngrams: [
      { title: 'unigram', loss: 7 },
      { title: 'bigram', loss: 5.15 },
      { title: 'trigram', loss: 4.9 },
    ],
  };
  const { xAxis, yAxis, series } = draw(charts);
  // A category axis counts from the bottom.
  expect(yAxis.data).toEqual(['Adam', 'Lion']);
  expect(series[0].data.map(({ value }) => value)).toEqual([
    [5, 'Adam'],
    [5.2, 'Adam'],
    [5.05, 'Lion'],
  ]);
  expect(series[1].data.map(({ value }) => value)).toEqual([
    [5.1, 'Adam'],
    [5.05, 'Lion'],
  ]);
  expect(series[1].markLine!.data).toMatchObject([
    { name: 'trigram', xAxis: 4.9 },
    { name: 'bigram', xAxis: 5.15 },
  ]);
  expect(xAxis.min).toBeLessThan(4.9);
  expect(xAxis.max).toBeGreaterThan(5.2);
});

it('puts what is far above the others at the edge, with its number and an arrow', () => {
  const optimizers = [3, 3.01, 3.02, 3.03, 3.04, 9].map((loss) => ({
    title: `of ${loss}`,
    losses: [loss],
    mark: { light: '#000', dark: '#fff', symbol: 'circle' },
  }));
  const { xAxis, series } = draw({ optimizers, ngrams: [] } as unknown as ReportCharts);
  expect(xAxis.max).toBeLessThan(3.3);
  expect(series[1].data[0]!.value[0]).toBe(xAxis.max);
  expect(series[2].label.formatter({ dataIndex: 0 })).toBe('9.000 →');
  expect(series[2].label.formatter({ dataIndex: 1 })).toBe('3.040');
});

it('is not drawn where no optimizer finished', () => {
  const optimizers = [{ title: 'Adam', losses: [] }];
  expect(finalLossOption({ optimizers, ngrams: [] } as unknown as ReportCharts, theme)).toBeNull();
});
