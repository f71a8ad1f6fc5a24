import type { ReportCharts } from './chart-data.ts';
import { figures } from './figure-sections.ts';
import { escapeHtml, inlineScript, scriptJson } from './html-text.ts';
import { readingNotes, warnings } from './notes.ts';
import {
  formatCount,
  formatDifference,
  formatDuration,
  formatLoss,
  formatSettings,
} from './number-format.ts';
import type { PageAssets } from './page-assets.ts';
import { rankingTable, trialTable } from './report-tables.ts';
import type { Results } from './results.ts';
import { ranked } from './selection.ts';
import { significanceSection } from './significance-table.ts';
import { tuningSection } from './tuning-section.ts';

/** What a page of two results shows beside the report's own sections. */
export interface PageExtras {
  readonly title?: string;
  /** HTML of sections above the ranking. */
  readonly before?: string;
}

/** One HTML document that opens without a network; `content` is what stands in its `main`. */
export interface PageParts {
  readonly title: string;
  readonly content: string;
  readonly charts: ReportCharts;
  readonly assets: PageAssets;
  /** Follows the live server that answers with this page. */
  readonly live?: boolean;
}

/** The whole report as one HTML document; tables and text stand in it as HTML, charts are drawn by its script. */
export function renderPage(
  results: Results,
  charts: ReportCharts,
  assets: PageAssets,
  extras: PageExtras = {},
): string {
  const title = extras.title ?? reportTitle(results);
  return renderDocument({ title, content: pageContent(results, charts, extras), charts, assets });
}

/** A page from its parts. */
export function renderDocument({ title, content, charts, assets, live = false }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>
${assets.styles}
</style>
</head>
<body>
${live ? '<p id="live" role="status">Live</p>' : ''}
<main>
${content}
</main>
<noscript>The charts need JavaScript; the tables do not.</noscript>
<script type="application/json" id="chart-data">${scriptJson(charts)}</script>
<script>${inlineScript(assets.script)}</script>
</body>
</html>
`;
}

export function reportTitle(results: Results): string {
  return `Optimizer comparison: ${results.experiment.name}`;
}

/** What stands in the page's `main`: everything that changes with the results. */
export function pageContent(results: Results, charts: ReportCharts, extras: PageExtras = {}): string {
  const title = extras.title ?? reportTitle(results);
  const notes = warnings(results);
  return `<style>
${keyColours(charts)}
</style>
<header>
<h1>${escapeHtml(title)}</h1>
${paragraph(results.experiment.description)}
<p class="verdict">${verdict(results)}</p>
</header>
${notes.length > 0 ? `<aside><h2>Before you rely on this</h2>${list(notes)}</aside>` : ''}
${extras.before ?? ''}
<section><h2>Ranking</h2>
${rankingTable(results)}
</section>
${significanceSection(results)}
${tuningSection(results.tuning)}
${results.trials.length > 0 ? figures(charts) : ''}
<section><h2>All trials</h2>
${results.trials.length > 0 ? trialTable(results) : '<p>No trial has started yet.</p>'}
</section>
<section><h2>What was trained</h2>
${facts(results)}
</section>
<section><h2>How to read this</h2>
${list(readingNotes(results))}
</section>`;
}

function verdict(results: Results): string {
  const [first, second] = ranked(results.optimizers).filter(
    ({ finalValidationLoss }) => finalValidationLoss !== null,
  );
  if (!first) return 'No trial has finished, so there is no ranking yet.';
  const winner = `<strong>${escapeHtml(first.title)}</strong> reached the lowest final validation loss, ${formatLoss(first.finalValidationLoss)}`;
  if (!second) return `${winner}. No other optimizer has finished a trial.`;
  const lead = formatDifference(second.finalValidationLoss! - first.finalValidationLoss!).replace('+', '');
  const seeds = first.seeds > 1 ? `a mean over ${first.seeds} seeds` : 'with one seed';
  return `${winner}: ${lead} below ${escapeHtml(second.title)}, ${seeds}.`;
}

function facts(results: Results): string {
  const { experiment, shared, backend, machine, trials, date } = results;
  const reference = trials.find(({ status }) => status === 'finished') ?? trials[0];
  const seconds = trials.reduce((total, trial) => total + (trial.seconds ?? 0), 0);
  const model = shared.model ?? experiment.model;
  const entries: (readonly [string, string | undefined])[] = [
    ['Model', model === undefined ? undefined : formatSettings(model)],
    ['Parameters', reference?.parameters ? formatCount(reference.parameters) : undefined],
    ['Data', shared.data === undefined ? undefined : formatSettings(shared.data)],
    [
      'Length of a trial',
      reference
        ? `${formatCount(reference.steps)} steps, ${formatCount(reference.tokens)} tokens`
        : undefined,
    ],
    ['Schedule', shared.schedule === undefined ? undefined : formatSettings(shared.schedule)],
    ['Budget', experiment.budget === undefined ? undefined : formatSettings(experiment.budget)],
    ['Trials', `${trials.length}, ${formatDuration(seconds)} of training in all`],
    ['Backend', backend ? [backend.name, backend.reason].filter(Boolean).join(': ') : undefined],
    [
      'Machine',
      machine ? `${machine.cpu}, ${machine.cores} cores, Node ${machine.node.replace(/^v/, '')}` : undefined,
    ],
    ['Versions', shared.versions === undefined ? undefined : formatSettings(shared.versions)],
    ['Date', date ? `${date.slice(0, 16).replace('T', ' ')} UTC` : undefined],
  ];
  const known = entries.flatMap(([name, value]) =>
    value ? [`<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`] : [],
  );
  return `<dl>${known.join('\n')}</dl>`;
}

function keyColours({ optimizers }: ReportCharts): string {
  const rules = (scheme: 'light' | 'dark') =>
    optimizers
      .map(
        ({ name, mark }) =>
          `.key[data-optimizer="${name.replace(/["\\\n<]/g, '\\$&')}"]{background:${mark.dashed ? hatched(mark[scheme]) : mark[scheme]}}`,
      )
      .join('\n');
  return `${rules('light')}\n@media (prefers-color-scheme:dark){${rules('dark')}}`;
}

function hatched(colour: string): string {
  return `repeating-linear-gradient(45deg,${colour} 0 3px,transparent 3px 5px)`;
}

function paragraph(text: string | undefined): string {
  return text ? `<p>${escapeHtml(text)}</p>` : '';
}

function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
}
