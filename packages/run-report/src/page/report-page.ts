import { createHash } from 'node:crypto';
import type { ReportCharts } from '../charts/chart-data.ts';
import { type Html, html, inlineScript, joined, scriptJson, trusted } from '../html.ts';
import {
  formatCount,
  formatDifference,
  formatDuration,
  formatLoss,
  formatSettings,
} from '../number-format.ts';
import type { PageAssets } from '../page-files.ts';
import type { Results } from '../results/results.ts';
import { ranked } from '../statistics/selection.ts';
import { figures } from './figure-sections.ts';
import { progressSection } from './progress-section.ts';
import { readingNotes, regime } from './reading-notes.ts';
import { rankingTable, trialTable } from './report-tables.ts';
import { significanceSection } from './significance-table.ts';
import { toleranceSection } from './tolerance-section.ts';
import { tuningSection } from './tuning-section.ts';
import { warnings } from './warnings.ts';
import { whatRanSection } from './what-ran-table.ts';
import { withoutWinner } from './winner.ts';

/** What a page of two results shows beside the report's own sections. */
export interface PageExtras {
  readonly title?: string;
  /** Sections above the ranking. */
  readonly before?: Html;
}

/** One HTML document that opens without a network; `content` is what stands in its `main`. */
export interface PageParts {
  readonly title: string;
  readonly content: Html;
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
  const script = inlineScript(assets.script);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
${trusted(assets.styles)}
</style>
</head>
<body>
${live && html`<p id="live" role="status">Live</p>`}
<main>
${content}
</main>
<noscript>The charts need JavaScript; the tables do not.</noscript>
<script type="application/json" id="chart-data">${scriptJson(charts)}</script>
<script>${script}</script>
</body>
</html>
`.toString();
}

/** The page loads nothing, and runs its own script alone, whatever its content holds. */
function policy(script: Html): string {
  const hash = createHash('sha256').update(script.toString()).digest('base64');
  return `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'`;
}

export function reportTitle(results: Results): string {
  return `Optimizer comparison: ${results.experiment.name}`;
}

/** What stands in the page's `main`: everything that changes with the results. */
export function pageContent(results: Results, charts: ReportCharts, extras: PageExtras = {}): Html {
  const { description } = results.experiment;
  const without = withoutWinner(results);
  // The verdict says already why none is the best.
  const notes = warnings(results).filter((note) => note !== without);
  return html`<style>
${keyColors(charts)}
</style>
<header>
<h1>${extras.title ?? reportTitle(results)}</h1>
${description !== undefined && html`<p>${description}</p>`}
<p class="verdict">${without ?? verdict(results)}</p>
</header>
${progressSection(results)}
${notes.length > 0 && html`<aside><h2>Before you rely on this</h2>${list(notes)}</aside>`}
${extras.before}
<section><h2>Ranking</h2>
${rankingTable(results)}
</section>
${whatRanSection(results)}
${significanceSection(results)}
${toleranceSection(results)}
${tuningSection(results.tuning)}
${results.trials.length > 0 && figures(charts)}
<section><h2>All trials</h2>
${results.trials.length > 0 ? trialTable(results) : html`<p>No trial has started yet.</p>`}
</section>
<section><h2>What was trained</h2>
${facts(results)}
</section>
<section><h2>How to read this</h2>
${list(readingNotes(results))}
</section>`;
}

function verdict(results: Results): Html {
  const [first, second] = ranked(results.optimizers).filter(
    ({ finalValidationLoss }) => finalValidationLoss !== null,
  );
  if (!first) return html`No trial has finished, so there is no ranking yet.`;
  const winner = html`<strong>${first.title}</strong> reached the lowest final validation loss, ${formatLoss(first.finalValidationLoss)}`;
  if (!second) return html`${winner}. No other optimizer has finished a trial.`;
  const lead = formatDifference(second.finalValidationLoss! - first.finalValidationLoss!).replace('+', '');
  const seeds = first.seeds > 1 ? `a mean over ${first.seeds} seeds` : 'with one seed';
  return html`${winner}: ${lead} below ${second.title}, ${seeds}.`;
}

function facts(results: Results): Html {
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
    ['Regime', regime(results)],
    ['Counts of n-grams', ngramFacts(results)],
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
  return html`<dl>${joined(entries.flatMap(([name, value]) => (value ? [html`<dt>${name}</dt><dd>${value}</dd>`] : [])))}</dl>`;
}

function ngramFacts({ baselines }: Results): string | undefined {
  if (baselines === null) return undefined;
  const { unigram, bigram, trigram, trainTokens } = baselines;
  return `loss ${formatLoss(unigram)} for unigrams, ${formatLoss(bigram)} for bigrams, ${formatLoss(trigram)} for trigrams, interpolated (Witten-Bell), counted on ${formatCount(trainTokens)} tokens of the training text`;
}

/** Colors of the swatches, which are named by their place alone: nothing in a style comes from a file. */
function keyColors({ optimizers }: ReportCharts): Html {
  const rules = (scheme: 'light' | 'dark') =>
    optimizers
      .map(({ mark }, index) => {
        const color = mark.dashed ? hatched(mark[scheme]) : mark[scheme];
        return `.key[data-mark="${index}"]{background:${color}}`;
      })
      .join('\n');
  return trusted(`${rules('light')}\n@media (prefers-color-scheme:dark){${rules('dark')}}`);
}

function hatched(color: string): string {
  return `repeating-linear-gradient(45deg,${color} 0 3px,transparent 3px 5px)`;
}

function list(items: readonly string[]): Html {
  return html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}
