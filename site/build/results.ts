import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawSvg } from '@steepest/charts';
import { loadResults } from '@steepest/run-report';
import {
  chartData,
  type ReportCharts,
  withOwnMarks,
} from '../../packages/run-report/src/charts/chart-data.ts';
import { curvesOption } from '../../packages/run-report/src/charts/curves.ts';
import { echarts } from '../../packages/run-report/src/charts/echarts.ts';
import { whoseLines, withFewLines } from '../../packages/run-report/src/charts/few-lines.ts';
import { type Drawing, withLegend } from '../../packages/run-report/src/charts/legend.ts';
import { sensitivityOption } from '../../packages/run-report/src/charts/sensitivity.ts';
import type { ChartOption, Theme } from '../../packages/run-report/src/charts/theme.ts';
import type { Results } from '../../packages/run-report/src/results/results.ts';
import { entriesOf, exists, inRepository, repositoryAddress } from './repository.ts';

const folder = 'benchmarks/lm-comparison/results';
/** Of a figure, to whose height the names of its optimizers add. */
const size = { width: 540, height: 324 };
const font = 'system-ui, -apple-system, Roboto, Arial, sans-serif';

const light: Theme = {
  dark: false,
  narrow: false,
  text: '#1d2430',
  muted: '#4a5463',
  line: '#cfd6df',
  surface: '#ffffff',
  background: 'transparent',
  model: '#c3c9d0',
  bad: '#b3261e',
  waiting: '#8a5a00',
  font,
};
const dark: Theme = {
  ...light,
  dark: true,
  text: '#e4e9f0',
  muted: '#a9b4c2',
  line: '#3a4453',
  surface: '#161b22',
  model: '#56606c',
  bad: '#ff8a80',
  waiting: '#f0c36b',
};

interface Figure {
  readonly file: string;
  readonly description: string;
  /** In points. */
  readonly width: number;
  readonly height: number;
}

/** What an experiment of this repository says of one optimizer. */
export interface OptimizerResult {
  readonly experiment: string;
  /** Files below the root of the site, without `-light.svg` and `-dark.svg`. */
  readonly figures: readonly Figure[];
  readonly sentence: string;
}

/**
 * Draws the results of this repository for each optimizer: of the experiments with its learning rate swept the one of the longest
 * runs, of those the one of most seeds, and of those the broadest.
 *
 * @param out Folder of the site's files, into which the figures go
 */
export async function optimizerResults(out: string): Promise<ReadonlyMap<string, OptimizerResult>> {
  const found = new Map<string, OptimizerResult>();
  const experiments = await sweptExperiments();
  for (const name of new Set(experiments.flatMap(({ optimizers }) => optimizers.map((one) => one.name)))) {
    const best = experiments
      .filter(({ optimizers }) =>
        optimizers.some((one) => one.name === name && one.finalValidationLoss !== null),
      )
      .sort((a, b) => tokensOf(b) - tokensOf(a) || seedsOf(b) - seedsOf(a) || breadthOf(b) - breadthOf(a))[0];
    if (best !== undefined) found.set(name, draw(best, name, out));
  }
  return found;
}

/**
 * The figure of the front page: of the experiment that compares most optimizers over the learning rate its baseline and those that
 * end lowest.
 *
 * @param names Optimizers to draw; an experiment may have variants of them, too
 */
export async function overviewFigure(
  out: string,
  names: ReadonlySet<string>,
): Promise<OptimizerResult | undefined> {
  const experiments = (await sweptExperiments()).map((results) => ({
    ...results,
    optimizers: results.optimizers.filter(({ name }) => names.has(name)),
  }));
  const broadest = experiments.sort((a, b) => breadthOf(b) - breadthOf(a))[0];
  if (broadest === undefined) return undefined;
  const all = chartData(broadest);
  const charts = withOwnMarks(withFewLines(all));
  const whose = whoseLines(charts, all);
  const losses = broadest.optimizers
    .filter(({ name }) => charts.optimizers.some((one) => one.name === name))
    .map(({ title, finalValidationLoss }) => `${title} ${finalValidationLoss?.toFixed(3) ?? 'none'}`);
  return {
    experiment: broadest.experiment.name,
    figures: [
      write(
        out,
        'figures/overview',
        `Final validation loss over the learning rate. Ranked by: ${losses.join(', ')}.`,
        charts,
        (theme) =>
          sensitivityOption(
            charts,
            { key: 'learningRate', align: 'as swept', range: 'lowest losses' },
            theme,
          ),
      ),
    ],
    sentence: `${describe(broadest)}, ${seedsPerPoint(broadest)} per point${whose === undefined ? '' : ` (${whose})`}`,
  };
}

/** Seeds with which each value was tried; those that only confirm the best one have no part in the curves. */
function seedsPerPoint({ trials }: Results): string {
  const seeds = new Set(trials.filter(({ confirmation }) => confirmation !== true).map(({ seed }) => seed))
    .size;
  return seeds === 1 ? 'one seed' : `${seeds} seeds`;
}

async function sweptExperiments(): Promise<Results[]> {
  const folders = entriesOf(folder).filter((name) => exists(`${folder}/${name}/results.json`));
  const all = await Promise.all(folders.map((name) => loadResults(inRepository(`${folder}/${name}`))));
  return all.filter(({ sweeps }) => sweeps.length === 1 && sweeps[0]!.key === 'learningRate');
}

const tokensOf = ({ trials }: Results): number => Math.max(...trials.map(({ tokens }) => tokens ?? 0));

/** How many points a figure of the sweep has at most. */
const breadthOf = ({ optimizers, sweeps }: Results): number => optimizers.length * sweeps[0]!.values.length;

const seedsOf = ({ optimizers }: Results): number => Math.min(...optimizers.map(({ seeds }) => seeds));

function draw(results: Results, name: string, out: string): OptimizerResult {
  const shown = new Set([name, results.baseline]);
  const charts = chartData({
    ...results,
    optimizers: results.optimizers.filter((one) => shown.has(one.name)),
  });
  const { title, finalValidationLoss, lossDeviation, seeds } = results.optimizers.find(
    (one) => one.name === name,
  )!;
  const baseline = results.optimizers.find((one) => one.name === results.baseline);
  const curve = write(
    out,
    `figures/${name}-loss`,
    `Validation loss of ${title} over the tokens read, at its best learning rate`,
    charts,
    (theme) =>
      curvesOption(
        charts,
        { curve: 'validation', x: 'tokens', range: 'whole run', of: 'best setting' },
        theme,
      ),
  );
  const sensitivity = write(
    out,
    `figures/${name}-learning-rate`,
    `Final validation loss of ${title} over its learning rate`,
    charts,
    (theme) =>
      sensitivityOption(charts, { key: 'learningRate', align: 'as swept', range: 'lowest losses' }, theme),
  );
  const scatter =
    lossDeviation === null ? '' : ` (standard deviation ${lossDeviation.toFixed(3)} over ${seeds} seeds)`;
  const against =
    baseline === undefined || baseline.name === name || baseline.finalValidationLoss === null
      ? ''
      : `, ${baseline.title} at ${baseline.finalValidationLoss.toFixed(3)}`;
  return {
    experiment: results.experiment.name,
    figures: [curve, sensitivity],
    sentence: `${describe(results)}, it ended at a validation loss of ${finalValidationLoss!.toFixed(3)}${scatter}${against}.`,
  };
}

/** Model, length and data of an experiment in words. */
function describe({ experiment, shared }: Results): string {
  const budget = { ...(experiment.budget as { tokens?: number; steps?: number }) };
  const model = experiment.model as { size?: string } | undefined;
  const data = shared.data as { source?: unknown } | undefined;
  const text = data?.source === 'embedded' ? ' of the embedded corpus' : '';
  return `With a model of size ${model?.size} on ${budget.tokens?.toLocaleString('en-US')} tokens${text}`;
}

/** Markdown of an optimizer's results. */
export function resultSection(
  exportName: string,
  { experiment, figures, sentence }: OptimizerResult,
): string {
  const report = `${repositoryAddress}/blob/main/${folder}/${experiment}`;
  return [
    `**\`${exportName}\`.** ${sentence} This is the experiment [\`${experiment}\`](${report}): small models and short runs, which need not rank as large ones do.`,
    figures.map(picture).join('\n'),
  ].join('\n\n');
}

/** A figure that follows the scheme of the page. */
export const picture = ({ file, description, width, height }: Figure): string =>
  ['light', 'dark']
    .map(
      (scheme) =>
        `<img class="figure ${scheme}-only" src="/${file}-${scheme}.svg" alt="${description}" width="${width}" height="${height}" loading="lazy">`,
    )
    .join('\n');

function write(
  out: string,
  file: string,
  description: string,
  charts: ReportCharts,
  optionOf: (theme: Theme) => ChartOption | null,
): Figure {
  mkdirSync(join(out, 'figures'), { recursive: true });
  const [{ width, height }] = [light, dark].map((theme) => {
    const option = optionOf(theme);
    if (option === null) throw new Error(`${file} has nothing to draw`);
    const drawing = withLegend({ ...size, option }, charts.optimizers, theme);
    const name = `${file}-${theme.dark ? 'dark' : 'light'}.svg`;
    writeFileSync(join(out, name), drawSvg(echarts, drawing, drawing.option));
    return drawing;
  }) as [Drawing, Drawing];
  return { file, description, width, height };
}
