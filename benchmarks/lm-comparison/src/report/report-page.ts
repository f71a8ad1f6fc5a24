import type { OptimizerCharts } from './chart-data.ts';
import { escapeHtml, inlineScript, scriptJson } from './html-text.ts';
import { readingNotes, warnings } from './notes.ts';
import {
  formatCount,
  formatDifference,
  formatDuration,
  formatLoss,
  formatSettings,
} from './number-format.ts';
import { rankingTable, trialTable } from './report-tables.ts';
import type { Results } from './results.ts';
import { ranked } from './selection.ts';

/** Sources that the page carries inside itself, because it must open without a network. */
export interface PageAssets {
  readonly styles: string;
  readonly chartLibrary: string;
  readonly chartScript: string;
}

/** The whole report as one HTML document; tables and text stand in it as HTML, charts are drawn by its script. */
export function renderPage(results: Results, charts: readonly OptimizerCharts[], assets: PageAssets): string {
  const title = `Optimizer comparison: ${results.experiment.name}`;
  const notes = warnings(results);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>
${assets.styles}
${keyColours(charts)}
</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(title)}</h1>
${paragraph(results.experiment.description)}
<p class="verdict">${verdict(results)}</p>
</header>
${notes.length > 0 ? `<aside><h2>Before you rely on this</h2>${list(notes)}</aside>` : ''}
<section><h2>Ranking</h2>
${rankingTable(results)}
</section>
${results.trials.length > 0 ? figures() : ''}
<section><h2>All trials</h2>
${results.trials.length > 0 ? trialTable(results) : '<p>No trial has started yet.</p>'}
</section>
<section><h2>What was trained</h2>
${facts(results)}
</section>
<section><h2>How to read this</h2>
${list(readingNotes(results))}
</section>
</main>
<noscript>The charts need JavaScript; the tables do not.</noscript>
<script type="application/json" id="chart-data">${scriptJson(charts)}</script>
<script>${inlineScript(assets.chartLibrary)}</script>
<script>${inlineScript(assets.chartScript)}</script>
</body>
</html>
`;
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

function figures(): string {
  const alongside = ['step', 'tokens', 'seconds'];
  return [
    figure('validation', 'Validation loss', 'The best trial of each optimizer.', {
      x: alongside,
      range: ['whole run', 'second half'],
    }),
    figure(
      'training',
      'Training loss',
      'The same trials: every logged step faint, a moving average of them bold.',
      {
        x: alongside,
        range: ['whole run', 'second half'],
      },
    ),
    figure(
      'sensitivity',
      'Learning-rate sensitivity',
      'Final validation loss of every learning rate; the best is ringed, a cross at the top is a trial that diverged.',
      { range: ['all losses', 'lowest losses'] },
    ),
    `<div class="pair">${figure('time', 'Time a step', 'Median milliseconds: forward and backward pass in grey, optimizer in colour.', {}, false)}
${figure('state', 'Optimizer state', 'Bytes kept for each parameter of the model.', {}, false)}</div>`,
  ].join('\n');
}

function figure(
  id: string,
  title: string,
  caption: string,
  switches: Readonly<Record<string, readonly string[]>>,
  legend = true,
): string {
  const controls = Object.entries(switches).map(([name, choices]) => {
    const buttons = choices.map(
      (choice, index) =>
        `<button type="button" data-chart="${id}" data-${name}="${choice}" aria-pressed="${index === 0}">${choice}</button>`,
    );
    return `<span class="switch" role="group">${buttons.join('')}</span>`;
  });
  return `<section class="figure"><h2>${title}</h2>
<p class="caption">${caption}</p>
${controls.length > 0 ? `<div class="controls">${controls.join('')}</div>` : ''}
${legend ? '<div class="legend"></div>' : ''}
<div class="chart" id="${id}" role="img" aria-label="${title}"></div></section>`;
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

function keyColours(charts: readonly OptimizerCharts[]): string {
  const rules = (scheme: 'light' | 'dark') =>
    charts
      .map(
        ({ name, mark }) =>
          `.key[data-optimizer="${name.replace(/["\\\n<]/g, '\\$&')}"]{background:${mark[scheme]}}`,
      )
      .join('\n');
  return `${rules('light')}\n@media (prefers-color-scheme:dark){${rules('dark')}}`;
}

function paragraph(text: string | undefined): string {
  return text ? `<p>${escapeHtml(text)}</p>` : '';
}

function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
}
