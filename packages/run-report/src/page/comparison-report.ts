import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RunError, replaceFile } from '@steepest/run-files';
import { chartData } from '../charts/chart-data.ts';
import { assignMarks } from '../charts/palette.ts';
import {
  configurationDifferences,
  type Labelled,
  mergedName,
  mergeResults,
  type OptimizerPair,
  pairOptimizers,
} from '../comparison/compare-results.ts';
import { cells, heads, sameSettings } from '../comparison/comparison-cells.ts';
import { type Html, html } from '../html.ts';
import { pageAssets } from '../page-files.ts';
import { renderPage } from './report-page.ts';
import { heading, number, numeric, row, table, text } from './report-tables.ts';

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
<p class="caption">Best setting of each optimizer. p: Student's paired t-test over the seeds that both have, corrected for the number of optimizers by Holm's method; none for trials that are the same in both.</p>
${table('comparison', head, rows)}</section>
<section><h2>Settings that differ</h2>
${
  differences.length > 0
    ? table('differences', ['setting', first.label, second.label].map(heading), lines)
    : html`<p>${sameSettings}</p>`
}
</section>`;
}
