import { escapeHtml } from './html-text.ts';
import {
  ABSENT,
  formatCount,
  formatDifference,
  formatDuration,
  formatLearningRate,
  formatLoss,
  formatPerplexity,
  formatSettings,
  formatShort,
} from './number-format.ts';
import type { OptimizerResult, Results, TrialResult } from './results.ts';
import { learningRateOf, ranked } from './selection.ts';
import { trialCounts } from './terminal-table.ts';

/** The ranking, best first, with the settings that reached it and what a step costs. */
export function rankingTable(results: Results): string {
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
    numeric('of it optimizer'),
    numeric('tokens/s'),
    numeric('State bytes/param'),
    heading('Trials finished'),
  ];
  const rows = ranked(results.optimizers).map((optimizer, index) =>
    rankingRow(results, optimizer, index + 1),
  );
  return table('ranking', head, rows);
}

/** Every trial with its outcome, those that did not finish included. */
export function trialTable(results: Results): string {
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
  const rows = results.trials.map((trial) =>
    trialRow(trial, titles.get(trial.optimizer) ?? '', best.has(trial.id)),
  );
  return table('trials', head, rows);
}

function rankingRow(results: Results, optimizer: OptimizerResult, place: number): string {
  const best = results.trials.find(({ id }) => id === optimizer.best);
  const baseline = results.optimizers.find(({ name }) => name === results.baseline);
  const range = optimizer.seeds > 1 ? optimizer.lossRange : null;
  const loss = `<strong>${formatLoss(optimizer.finalValidationLoss)}</strong>${
    range
      ? `<small>± ${formatLoss(optimizer.lossDeviation)}</small><small>${formatLoss(range[0])} to ${formatLoss(range[1])}, ${optimizer.seeds} seeds</small>`
      : ''
  }`;
  const rate = best ? formatLearningRate(learningRateOf(best)) : ABSENT;
  return row([
    number(best ? String(place) : ABSENT),
    `<th scope="row">${key(optimizer.name)}${escapeHtml(optimizer.title)}</th>`,
    number(loss),
    number(formatPerplexity(optimizer.perplexity)),
    number(optimizer.name === results.baseline ? ABSENT : formatDifference(optimizer.difference)),
    number(formatPace(optimizer, baseline)),
    number(optimizer.edge ? `${rate}<small>${optimizer.edge} tried</small>` : rate),
    text(best ? otherSettings(best) : ABSENT, 'settings'),
    number(formatShort(best?.millisecondsPerStep ?? null)),
    number(formatShort(best?.optimizerMillisecondsPerStep ?? null)),
    number(formatCount(best?.tokensPerSecond ?? null)),
    number(formatShort(best?.stateBytesPerParameter ?? null)),
    text(trialCounts(optimizer)),
  ]);
}

function trialRow(trial: TrialResult, title: string, best: boolean): string {
  const cells = [
    `<th scope="row">${key(trial.optimizer)}${escapeHtml(title)}</th>`,
    number(formatLearningRate(learningRateOf(trial))),
    number(trial.status === 'finished' ? formatLoss(trial.finalValidationLoss) : ABSENT),
    `<td class="outcome"><span class="status ${trial.status}">${trial.status}</span>${best ? ' <span class="best">best</span>' : ''}</td>`,
    number(trial.status === 'finished' ? formatLoss(trial.finalTrainLoss) : ABSENT),
    number(trial.seed === null ? ABSENT : String(trial.seed)),
    number(formatCount(trial.steps)),
    number(formatDuration(trial.seconds)),
    number(formatShort(trial.millisecondsPerStep)),
    text(otherSettings(trial), 'settings'),
    text(trial.reason ?? '', 'reason'),
  ];
  return row(cells, ` id="trial-${escapeHtml(trial.id)}"`);
}

function otherSettings(trial: TrialResult): string {
  const { learningRate: _shownBeside, ...others } = trial.settings;
  return formatSettings({ ...others, ...trial.variation }) || ABSENT;
}

/** Steps to the baseline's loss, and how many of the baseline's own steps these are. */
export function formatPace(optimizer: OptimizerResult, baseline: OptimizerResult | undefined): string {
  if (optimizer.finalValidationLoss === null) return ABSENT;
  const { toBaseline } = optimizer;
  if (!toBaseline) return 'not reached';
  const own = baseline?.toBaseline?.steps;
  const share = own ? ` (${Math.round((100 * toBaseline.steps) / own)} %)` : '';
  return `${formatCount(toBaseline.steps)}${optimizer.name === baseline?.name ? '' : share}`;
}

function table(id: string, head: readonly string[], rows: readonly string[]): string {
  return `<div class="scroll" tabindex="0"><table class="${id}"><thead><tr>${head.join('')}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>`;
}

function heading(label: string): string {
  return `<th scope="col">${escapeHtml(label)}</th>`;
}

function numeric(label: string): string {
  return `<th scope="col" class="number">${escapeHtml(label)}</th>`;
}

function row(cells: readonly string[], attributes = ''): string {
  return `<tr${attributes}>${cells.join('')}</tr>`;
}

/** The swatch that ties a row to its lines in the charts. */
function key(optimizer: string): string {
  return `<span class="key" data-optimizer="${escapeHtml(optimizer)}"></span>`;
}

function number(html: string): string {
  return `<td class="number">${html}</td>`;
}

function text(value: string, kind = ''): string {
  return `<td${kind && ` class="${kind}"`}>${escapeHtml(value)}</td>`;
}
