import { styleText } from 'node:util';
import Table from 'cli-table3';
import { warnings } from './notes.ts';
import {
  ABSENT,
  formatCount,
  formatDifference,
  formatLearningRate,
  formatLoss,
  formatPerplexity,
  formatShort,
} from './number-format.ts';
import type { OptimizerResult, Results } from './results.ts';
import { learningRateOf, ranked } from './selection.ts';

/**
 * The comparison as a terminal table, one row an optimizer, best first, and what to know before relying on it; every trial that
 * did not finish is counted.
 * @param options.color whether to write ANSI colours
 */
export function formatTable(results: Results, options: { readonly color: boolean }): string {
  const baseline = results.optimizers.find(({ name }) => name === results.baseline);
  const heading = (text: string) => styleText('bold', text, { validateStream: false });
  const head = [
    'optimizer',
    'learning\nrate',
    'validation\nloss',
    'perplexity',
    baseline ? `vs\n${baseline.title}` : 'difference',
    'ms/step',
    'optimizer\nms/step',
    'tokens/s',
    'state bytes\n/parameter',
    'trials\nfinished',
  ];
  const table = new Table({
    head: options.color ? head.map(heading) : head,
    colAligns: ['left', ...Array<'right'>(8).fill('right'), 'left'],
    // Empty styles: the table's own colours would depend on the environment, not on the option.
    style: { head: [], border: [], compact: true },
  });
  for (const optimizer of ranked(results.optimizers)) table.push(row(results, optimizer));
  const notes = warnings(results).map((note) => `- ${note}`);
  return notes.length === 0
    ? table.toString()
    : `${table.toString()}\n\nBefore you rely on this:\n${notes.join('\n')}`;
}

/** `4/5, 1 diverged`: what became of an optimizer's trials. */
export function trialCounts(optimizer: OptimizerResult): string {
  const others = (['diverged', 'stopped', 'failed', 'interrupted', 'running'] as const).flatMap((status) =>
    optimizer[status] > 0 ? [`${optimizer[status]} ${status}`] : [],
  );
  return [`${optimizer.finished}/${optimizer.trials}`, ...others].join(', ');
}

function row(results: Results, optimizer: OptimizerResult): string[] {
  const best = results.trials.find(({ id }) => id === optimizer.best);
  return [
    optimizer.title,
    best ? formatLearningRate(learningRateOf(best)) : ABSENT,
    formatLoss(optimizer.finalValidationLoss) +
      (optimizer.lossDeviation === null ? '' : ` ± ${formatLoss(optimizer.lossDeviation)}`),
    formatPerplexity(optimizer.perplexity),
    optimizer.name === results.baseline ? ABSENT : formatDifference(optimizer.difference),
    formatShort(best?.millisecondsPerStep ?? null),
    formatShort(best?.optimizerMillisecondsPerStep ?? null),
    formatCount(best?.tokensPerSecond ?? null),
    formatShort(best?.stateBytesPerParameter ?? null),
    trialCounts(optimizer),
  ];
}
