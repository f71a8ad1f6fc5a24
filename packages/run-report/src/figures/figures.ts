import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { colors, drawSvg, fontFamily, rasterize } from '@steepest/charts';
import { replaceFile } from '@steepest/run-files';
import { stateOption, timeOption } from '../charts/bars.ts';
import { chartData, type ReportCharts, withOwnMarks } from '../charts/chart-data.ts';
import { alongside, curvesOption } from '../charts/curves.ts';
import { divergenceOption } from '../charts/divergence.ts';
import { looksCoincide, whoseLines, withFewLines } from '../charts/few-lines.ts';
import { finalLossOption } from '../charts/final-loss.ts';
import { layerMeasures, layersOption } from '../charts/layers.ts';
import { type Drawing, withLegend, withNote } from '../charts/legend.ts';
import { sensitivityOption } from '../charts/sensitivity.ts';
import type { ChartOption, Theme } from '../charts/theme.ts';
import type { Results } from '../results/results.ts';
import { rankingCsv, rankingLatex, rankingMarkdown } from './paper-tables.ts';

/** A drawing for print, its file name without ending, and nothing to draw where the results have nothing for it. */
interface Figure extends Omit<Drawing, 'option'> {
  readonly name: string;
  readonly option: ChartOption | null;
}

/** What was written, by kind, and why there are no PNG files where there are none. */
export interface WrittenFigures {
  readonly folder: string;
  readonly figures: readonly string[];
  readonly tables: readonly string[];
  readonly withoutPng?: string;
}

const paperTheme: Theme = {
  dark: false,
  narrow: false,
  text: colors.text.light,
  muted: colors.muted.light,
  line: colors.line.light,
  surface: colors.ground.light,
  background: colors.ground.light,
  model: '#c3c9d0',
  bad: '#b3261e',
  waiting: '#b07400',
  font: fontFamily,
};

/** Pixels of a PNG to a point of its SVG: 300 dots an inch at the size of a column. */
const pixelsPerPoint = 3;

/**
 * Writes charts as an SVG and a PNG file each, and the ranking as Markdown, CSV and LaTeX, into `figures` in a folder.
 * @param isWanted which charts, by name; all of them unless told
 * @returns what was written; without the rasterizer's binary for this machine, only SVG files, and why
 * @throws RunError naming a file that cannot be written
 */
export async function writeFigures(
  outDirectory: string,
  results: Results,
  isWanted: (name: string) => boolean = () => true,
): Promise<WrittenFigures> {
  const folder = join(outDirectory, 'figures');
  await mkdir(folder, { recursive: true });
  // A library of 600 modules, loaded only by who draws: every other command begins a second sooner.
  const { echarts } = await import('../charts/echarts.ts');
  const charts = chartData(results);
  const figures: string[] = [];
  let withoutPng: string | undefined;
  for (const figure of allFigures(charts)) {
    if (!figure.option || !isWanted(figure.name)) continue;
    // A page may be dark around it.
    const svg = drawSvg(echarts, figure, { ...figure.option, backgroundColor: paperTheme.background });
    await replaceFile(join(folder, `${figure.name}.svg`), svg);
    figures.push(figure.name);
    let png: Uint8Array | undefined;
    try {
      if (withoutPng === undefined) png = await rasterize(svg, pixelsPerPoint);
    } catch (error) {
      withoutPng = (error as Error).message;
    }
    const pngFile = join(folder, `${figure.name}.png`);
    if (png !== undefined) await replaceFile(pngFile, png);
    // One of an earlier drawing would show other numbers than the SVG beside it.
    else await rm(pngFile, { force: true });
  }
  await replaceFile(join(folder, 'ranking.md'), rankingMarkdown(results));
  await replaceFile(join(folder, 'ranking.csv'), rankingCsv(results));
  await replaceFile(join(folder, 'ranking.tex'), rankingLatex(results));
  return {
    folder,
    figures,
    tables: ['ranking.md', 'ranking.csv', 'ranking.tex'],
    ...(withoutPng === undefined ? {} : { withoutPng }),
  };
}

function allFigures(charts: ReportCharts): Figure[] {
  const curve = (name: string, which: 'validation' | 'train', x: (typeof alongside)[number]) =>
    lineFigure(charts, name, (some) =>
      curvesOption(some, { curve: which, x, range: 'whole run', of: 'best setting' }, paperTheme),
    );
  const rows = charts.optimizers.filter(({ losses }) => losses.length > 0).length;
  return [
    {
      ...{ name: 'final-loss', width: 620, height: 90 + 20 * rows },
      option: finalLossOption(charts, paperTheme),
    },
    ...alongside.map((x) => curve(`validation-loss-by-${x.toLowerCase()}`, 'validation', x)),
    curve('training-loss-by-step', 'train', 'step'),
    ...charts.sweeps.flatMap(({ key, values }) => sweepFigures(charts, { key, values: values.length })),
    ...layerMeasures(charts).map((measure) =>
      lineFigure(charts, `layers-${measure}`, (some) => layersOption(some, { measure }, paperTheme), 434),
    ),
    { ...bare(charts), name: 'time-per-step', option: timeOption(charts, paperTheme) },
    { ...bare(charts), name: 'optimizer-state', option: stateOption(charts, paperTheme) },
  ];
}

function sweepFigures(
  charts: ReportCharts,
  { key, values }: { readonly key: string; readonly values: number },
): Figure[] {
  const file = key.replaceAll(/[^\w]+/g, '-');
  const sensitivity = (name: string, align: 'as swept' | 'aligned at the optimum') =>
    lineFigure(charts, name, (some) =>
      sensitivityOption(some, { key, align, range: 'all losses' }, paperTheme),
    );
  return [
    sensitivity(`sensitivity-${file}`, 'as swept'),
    sensitivity(`sensitivity-${file}-aligned`, 'aligned at the optimum'),
    {
      ...bare(charts),
      width: Math.max(420, 150 + (values > 6 ? 64 : 110) * values),
      name: `divergence-${file}`,
      option: divergenceOption(charts, { key }, paperTheme),
    },
  ];
}

/**
 * A figure with a line for each optimizer that has one: of many, those whose lines can be told apart, and it says so.
 * @param height in points, to which the names of the optimizers add
 */
function lineFigure(
  charts: ReportCharts,
  name: string,
  optionOf: (some: ReportCharts) => ChartOption | null,
  height = 354,
): Figure {
  const size = { width: 620, height };
  const optimizers = charts.optimizers.filter((one) => optionOf({ ...charts, optimizers: [one] }) !== null);
  const all = { ...charts, optimizers };
  const few = withFewLines(all);
  const note = whoseLines(few, all);
  const shown = note !== undefined || looksCoincide(few) ? withOwnMarks(few) : few;
  const option = optionOf(shown);
  if (option === null) return { ...size, name, option };
  const noted = note === undefined ? { ...size, option } : withNote({ ...size, option }, note, paperTheme);
  return { name, ...withLegend(noted, shown.optimizers, paperTheme) };
}

function bare({ optimizers }: ReportCharts) {
  return { width: 480, height: 80 + 34 * optimizers.length };
}
