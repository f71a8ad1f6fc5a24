import { type Html, type HtmlValue, html, joined } from '../html.ts';
import {
  absent,
  formatCount,
  formatDifference,
  formatDuration,
  formatLearningRate,
  formatLoss,
  formatPace,
  formatPerplexity,
  formatSettings,
  formatShort,
} from '../number-format.ts';
import type { OptimizerResult, Results, TrialResult } from '../results/results.ts';
import { trialCounts } from '../results/trial-counts.ts';
import { edgeOf, learningRateOf, ranked } from '../statistics/selection.ts';
import { type Settings, unusualSettings, usualSettings } from '../statistics/usual-settings.ts';

/** The ranking, best first, with the settings that reached it and what a step costs. */
export function rankingTable(results: Results): readonly Html[] {
  const baseline = results.optimizers.find(({ name }) => name === results.baseline);
  const head = [
    numeric('#'),
    heading('Optimizer'),
    numeric('Final validation loss'),
    numeric('Perplexity'),
    numeric(baseline ? `vs ${baseline.title}` : 'Difference'),
    numeric(baseline ? `Steps to ${baseline.title}'s loss` : 'Steps to the best loss'),
    numeric('Learning rate'),
    heading('Other settings'),
    numeric('ms/step'),
    numeric('optimizer ms/step'),
    numeric('tokens/s'),
    numeric('State bytes/param'),
    heading('Trials finished'),
  ];
  const usual = usualSettings(results);
  const rows = ranked(results.optimizers).map((optimizer, index) =>
    rankingRow(results, optimizer, index + 1, usual),
  );
  return [table('ranking', head, rows), usualCaption(usual)];
}

/** Every trial with its outcome, those that did not finish included. */
export function trialTable(results: Results): readonly Html[] {
  const head = [
    heading('Optimizer'),
    numeric('Learning rate'),
    numeric('Final validation loss'),
    heading('Status'),
    numeric('Final train loss'),
    numeric('Seed'),
    numeric('Steps'),
    numeric('Time'),
    numeric('ms/step'),
    heading('Other settings'),
    heading('Reason'),
  ];
  const best = new Set(results.optimizers.map((optimizer) => optimizer.best));
  const titles = new Map(results.optimizers.map(({ name, title }) => [name, title]));
  const usual = usualSettings(results);
  const rows = results.trials.map((trial) =>
    trialRow(results, trial, titles.get(trial.optimizer) ?? '', best.has(trial.id), usual),
  );
  return [table('trials', head, rows), usualCaption(usual)];
}

function usualCaption(usual: Settings): Html {
  if (Object.keys(usual).length === 0) return html``;
  return html`<p class="caption">Where a row does not say otherwise: ${formatSettings(usual)}.</p>`;
}

function rankingRow(results: Results, optimizer: OptimizerResult, place: number, usual: Settings): Html {
  const baseline = results.optimizers.find(({ name }) => name === results.baseline);
  const best = results.trials.find(({ id }) => id === optimizer.best);
  const { finalValidationLoss, lossRange, lossDeviation, seeds, seedsTried } = optimizer;
  const rate = best ? formatLearningRate(learningRateOf(best)) : absent;
  const edge = edgeOf(optimizer, 'learningRate');
  return row([
    number(best ? String(place) : absent),
    html`<th scope="row">${key(results, optimizer.name)}${optimizer.title}</th>`,
    number([
      html`<strong>${formatLoss(finalValidationLoss)}</strong>`,
      seeds > 1 &&
        lossRange !== null &&
        html`<small>± ${formatLoss(lossDeviation)}</small><small>${formatLoss(lossRange[0])} to ${formatLoss(lossRange[1])}, ${seeds} seeds</small>`,
      best !== undefined &&
        seeds < seedsTried &&
        html`<small>${seeds} of ${seedsTried} seeds finished</small>`,
    ]),
    number(formatPerplexity(optimizer.perplexity)),
    number(optimizer.name === results.baseline ? absent : formatDifference(optimizer.difference)),
    number(formatPace(optimizer, baseline)),
    number([rate, edge !== undefined && html`<small>${edge} tried</small>`]),
    text(best ? otherSettings(best, usual) : absent, 'settings'),
    number(formatShort(best?.millisecondsPerStep ?? null)),
    number(formatShort(best?.optimizerMillisecondsPerStep ?? null)),
    number(formatCount(best?.tokensPerSecond ?? null)),
    number(formatShort(best?.stateBytesPerParameter ?? null)),
    text(trialCounts(optimizer)),
  ]);
}

function trialRow(results: Results, trial: TrialResult, title: string, best: boolean, usual: Settings): Html {
  const finished = trial.status === 'finished';
  const cells = [
    html`<th scope="row">${key(results, trial.optimizer)}${title}</th>`,
    number(formatLearningRate(learningRateOf(trial))),
    number(finished ? formatLoss(trial.finalValidationLoss) : absent),
    html`<td class="outcome"><span class="status ${trial.status}">${trial.status}</span>${best && html` <span class="best">best</span>`}</td>`,
    number(finished ? formatLoss(trial.finalTrainLoss) : absent),
    number(trial.seed === null ? absent : String(trial.seed)),
    number(formatCount(trial.steps)),
    number(formatDuration(trial.seconds)),
    number(formatShort(trial.millisecondsPerStep)),
    text(otherSettings(trial, usual), 'settings'),
    text(trial.reason ?? '', 'reason'),
  ];
  return html`<tr id="trial-${trial.id}">${cells}</tr>`;
}

function otherSettings(trial: TrialResult, usual: Settings): string {
  const { learningRate: _shownBeside, ...others } = trial.settings;
  return formatSettings({ ...others, ...unusualSettings(trial, usual) }) || absent;
}

/** A table that scrolls by itself where the page is too narrow for it. */
export function table(id: string, head: readonly Html[], rows: readonly Html[]): Html {
  return html`<div class="scroll" tabindex="0"><table class="${id}">${head.length > 0 && html`<thead><tr>${head}</tr></thead>`}<tbody>
${joined(rows)}
</tbody></table></div>`;
}

export function heading(label: string): Html {
  return html`<th scope="col">${label}</th>`;
}

export function numeric(label: string): Html {
  return html`<th scope="col" class="number">${label}</th>`;
}

export function row(cells: readonly Html[]): Html {
  return html`<tr>${cells}</tr>`;
}

/** The swatch that ties a row to an optimizer's lines in the charts. */
export function key({ optimizers }: Pick<Results, 'optimizers'>, optimizer: string): Html {
  return html`<span class="key" data-mark="${optimizers.findIndex(({ name }) => name === optimizer)}"></span>`;
}

export function number(content: HtmlValue): Html {
  return html`<td class="number">${content}</td>`;
}

export function text(value: string, kind = ''): Html {
  return html`<td${kind !== '' && html` class="${kind}"`}>${value}</td>`;
}
