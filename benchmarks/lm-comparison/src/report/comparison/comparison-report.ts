import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RunError, replaceFile } from '@steepest/run-files';
import Table from 'cli-table3';
import { chartData } from '../chart-data.ts';
import { type Html, html } from '../html.ts';
import { warnings } from '../notes.ts';
import { ABSENT, formatDifference, formatLearningRate, formatShort } from '../number-format.ts';
import { pageAssets } from '../page-assets.ts';
import { assignMarks } from '../palette.ts';
import { formatSpread } from '../paper-tables.ts';
import { renderPage } from '../report-page.ts';
import { heading, number, numeric, row, table, text } from '../report-tables.ts';
import { learningRateOf } from '../selection.ts';
import { formatP } from '../significance-table.ts';
import {
  configurationDifferences,
  type Labelled,
  mergedName,
  mergeResults,
  type OptimizerPair,
  pairOptimizers,
  type Side,
} from './compare-results.ts';

/** Two results side by side for the terminal: a row an optimizer, and what the two were not made with alike. */
export function formatComparison(first: Labelled, second: Labelled): string {
  const table = new Table({
    head: heads(first.label, second.label),
    colAligns: ['left', ...Array<'right'>(8).fill('right')],
    style: { head: [], border: [], compact: true },
  });
  for (const pair of pairOptimizers(first.results, second.results)) table.push([pair.title, ...cells(pair)]);
  const differences = configurationDifferences(first.results, second.results).map(
    ({ key, first: before, second: after }) => `  ${key}: ${before} | ${after}`,
  );
  return [
    table.toString(),
    `Settings that differ:${differences.length > 0 ? `\n${differences.join('\n')}` : ` ${sameSettings}`}`,
    ...notes(first, second),
  ].join('\n');
}

/** What a reader must know before relying on either. */
function notes(first: Labelled, second: Labelled): string[] {
  const found = warnings(mergeResults(first, second));
  return found.length === 0 ? [] : ['', 'Before you rely on this:', ...found.map((note) => `- ${note}`)];
}

/** Writes two results side by side as one self-contained page, the second one's lines dashed. */
export async function writeComparison(file: string, first: Labelled, second: Labelled): Promise<void> {
  const merged = mergeResults(first, second);
  const pairs = pairOptimizers(first.results, second.results);
  const marks = assignMarks(pairs, 'solid');
  const charts = chartData(merged);
  const marked = charts.optimizers.map((optimizer) => {
    const pair = pairs.find(({ name }) =>
      [first.label, second.label].some((label) => mergedName(label, name) === optimizer.name),
    )!;
    const dashed = optimizer.name === mergedName(second.label, pair.name);
    return { ...optimizer, mark: { ...marks.get(pair.name)!, dashed } };
  });
  const page = renderPage(merged, { ...charts, optimizers: marked }, await pageAssets(), {
    title: `${first.label} against ${second.label}`,
    before: comparisonSection(first, second, pairs),
  });
  try {
    await mkdir(dirname(file), { recursive: true });
    await replaceFile(file, page);
  } catch (error) {
    throw new RunError(`cannot write the comparison to ${file}: ${(error as Error).message}`);
  }
}

function comparisonSection(first: Labelled, second: Labelled, pairs: readonly OptimizerPair[]): Html {
  const head = heads(first.label, second.label).map((title, index) =>
    index > 0 ? numeric(title) : heading(title),
  );
  const rows = pairs.map((pair) =>
    row([html`<th scope="row">${pair.title}</th>`, ...cells(pair).map((cell) => number(cell))]),
  );
  const differences = configurationDifferences(first.results, second.results);
  const lines = differences.map(({ key, first: before, second: after }) =>
    row([html`<th scope="row">${key}</th>`, text(before, 'settings'), text(after, 'settings')]),
  );
  return html`<section><h2>Side by side</h2>
<p class="caption">Best setting of each optimizer. p: analysis of variance with seeds as blocks, over the seeds that all have, corrected for the number of optimizers by Holm's method; none for trials that are the same in both.</p>
${table('comparison', head, rows)}</section>
<section><h2>Settings that differ</h2>
${
  differences.length > 0
    ? table('differences', ['setting', first.label, second.label].map(heading), lines)
    : html`<p>${sameSettings}</p>`
}
</section>`;
}

const sameSettings =
  'None: model, data, schedule, budget, evaluation, versions, machine, and the options, grids and seeds of every optimizer are the same.';

function heads(first: string, second: string): string[] {
  return [
    'optimizer',
    `loss: ${first}`,
    second,
    'difference',
    'p',
    `rate: ${first}`,
    second,
    `ms/step: ${first}`,
    second,
  ];
}

function cells({ first, second, difference, correctedP }: OptimizerPair): string[] {
  const loss = (side: Side | null) => (side ? formatSpread(side.optimizer) : ABSENT);
  const rate = (side: Side | null) => (side?.best ? formatLearningRate(learningRateOf(side.best)) : ABSENT);
  const time = (side: Side | null) => formatShort(side?.best?.millisecondsPerStep ?? null);
  return [
    loss(first),
    loss(second),
    formatDifference(difference),
    correctedP === null ? ABSENT : formatP(correctedP),
    rate(first),
    rate(second),
    time(first),
    time(second),
  ];
}
