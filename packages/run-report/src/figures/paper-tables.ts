import { markdownCell, markdownTable } from '@steepest/run-files';
import { holm } from '@steepest/statistics';
import {
  absent,
  formatDifference,
  formatLearningRate,
  formatP,
  formatPace,
  formatShort,
  formatSpread,
} from '../number-format.ts';
import type { OptimizerResult, Results, TrialResult } from '../results/results.ts';
import { trialCounts } from '../results/trial-counts.ts';
import { learningRateOf, ranked } from '../statistics/selection.ts';
import { testRule } from '../statistics/significance.ts';

/** The ranking with its spread, significance and costs as a Markdown table, and the rule for significance below it. */
export function rankingMarkdown(results: Results): string {
  const baseline = results.optimizers.find(({ name }) => name === results.baseline);
  const reference = markdownCell(baseline?.title ?? 'the best');
  const head = [
    'Optimizer',
    'Final validation loss',
    `vs ${reference}`,
    'p',
    `Steps to ${reference}'s loss`,
    'Learning rate',
    'ms/step',
    'optimizer ms/step',
    'State bytes/param',
    'Trials finished',
  ];
  const p = pToBaseline(results);
  const rows = ranked(results.optimizers).map((optimizer) => {
    const best = bestOf(results, optimizer);
    return [
      markdownCell(optimizer.title),
      formatSpread(optimizer),
      optimizer.name === baseline?.name ? absent : formatDifference(optimizer.difference),
      pText(p.get(optimizer.name)),
      formatPace(optimizer, baseline),
      best ? formatLearningRate(learningRateOf(best)) : absent,
      formatShort(best?.millisecondsPerStep ?? null),
      formatShort(best?.optimizerMillisecondsPerStep ?? null),
      formatShort(best?.stateBytesPerParameter ?? null),
      trialCounts(optimizer),
    ];
  });
  const table = markdownTable(head, rows, {
    right: (column) => column > 0 && column < head.length - 1,
    padded: false,
  });
  return `${table}\n\n± is the standard deviation over seeds. p: ${ruleOf(reference)}\n`;
}

/**
 * The ranking as a LaTeX table of the package booktabs, to `\\input` in a paper: loss with its spread, difference, p and costs.
 */
export function rankingLatex(results: Results): string {
  const baseline = results.optimizers.find(({ name }) => name === results.baseline);
  const reference = latexText(baseline?.title ?? 'the best');
  const p = pToBaseline(results);
  const rows = ranked(results.optimizers).map((optimizer) => {
    const best = bestOf(results, optimizer);
    return [
      latexText(optimizer.title),
      latexNumber(formatSpread(optimizer)),
      optimizer.name === baseline?.name ? '--' : latexNumber(formatDifference(optimizer.difference)),
      latexNumber(pText(p.get(optimizer.name))),
      latexNumber(best ? formatLearningRate(learningRateOf(best)) : absent),
      latexNumber(formatShort(best?.millisecondsPerStep ?? null)),
      latexNumber(formatShort(best?.stateBytesPerParameter ?? null)),
      latexNumber(trialCounts(optimizer)),
    ];
  });
  const head = [
    'Optimizer',
    'Loss',
    `vs ${reference}`,
    '$p$',
    'Learning rate',
    'ms/step',
    'Bytes/param',
    'Trials',
  ];
  return [
    '% Needs \\usepackage{booktabs}. The loss is the final validation loss in nats per token: mean, standard deviation',
    `% over seeds, and their number. p: ${ruleOf(reference)}`,
    '\\begin{tabular}{lrrrrrrl}',
    '\\toprule',
    `${head.join(' & ')} \\\\`,
    '\\midrule',
    ...rows.map((cells) => `${cells.join(' & ')} \\\\`),
    '\\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n');
}

const latexSymbols: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
};

/** Text in which nothing is a command of LaTeX. */
function latexText(text: string): string {
  return text.replaceAll(/[\\~^&%$#_{}]/g, (symbol) => latexSymbols[symbol] ?? `\\${symbol}`);
}

/** A formatted number as LaTeX sets it: signs as minus signs, powers of ten as powers. */
function latexNumber(text: string): string {
  if (text === absent) return '--';
  return text
    .replaceAll('±', '$\\pm$')
    .replaceAll(/(<|>) ?/g, '$$$1$$ ')
    .replaceAll(/([\d.]+)e([-+]?\d+)/g, (_, digits: string, power: string) => {
      const factor = digits === '1' ? '' : `${digits} \\cdot `;
      return `$${factor}10^{${Number(power)}}$`;
    })
    .replaceAll(
      /(^|\s)([-−+])(?=\d)/g,
      (_, before: string, sign: string) => `${before}$${sign === '−' ? '-' : sign}$`,
    );
}

/** The same numbers unformatted, one column each, for LaTeX's csvsimple and pgfplotstable or a spreadsheet. */
export function rankingCsv(results: Results): string {
  const head = [
    'optimizer',
    'loss',
    'deviation',
    'seeds',
    'difference',
    'correctedP',
    'stepsToBaseline',
    'learningRate',
    'msPerStep',
    'optimizerMsPerStep',
    'tokensPerSecond',
    'stateBytesPerParameter',
    'trials',
    'finished',
    'diverged',
    'stopped',
  ];
  const p = pToBaseline(results);
  const rows = ranked(results.optimizers).map((optimizer) => {
    const best = bestOf(results, optimizer);
    return [
      optimizer.title,
      optimizer.finalValidationLoss,
      optimizer.lossDeviation,
      optimizer.seeds,
      optimizer.difference,
      p.get(optimizer.name),
      optimizer.toBaseline?.steps,
      best ? learningRateOf(best) : null,
      best?.millisecondsPerStep,
      best?.optimizerMillisecondsPerStep,
      best?.tokensPerSecond,
      best?.stateBytesPerParameter,
      optimizer.trials,
      optimizer.finished,
      optimizer.diverged,
      optimizer.stopped,
    ];
  });
  return [head, ...rows].map((cells) => `${cells.map(csvCell).join(',')}\n`).join('');
}

/** A text that begins as a formula is none in a spreadsheet behind an apostrophe. */
function csvCell(value: string | number | null | undefined): string {
  const text = typeof value === 'string' ? value.replace(/^[=+\-@]/, "'$&") : String(value ?? '');
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The p-value of each optimizer's difference from the baseline, corrected for the number of these, which are all that a table has. */
function pToBaseline({ significance, baseline }: Results): ReadonlyMap<string, number> {
  const pairs = significance.pairs.filter(({ first, second }) => first === baseline || second === baseline);
  const corrected = holm(pairs.map(({ p }) => p));
  return new Map(
    pairs.map(({ first, second }, index) => [first === baseline ? second : first, corrected[index]!]),
  );
}

function ruleOf(reference: string): string {
  return `${testRule} p-values are corrected for the number of comparisons with ${reference} by Holm's method.`;
}

function pText(p: number | undefined): string {
  return p === undefined ? absent : formatP(p);
}

function bestOf(results: Results, { best }: OptimizerResult): TrialResult | undefined {
  return results.trials.find(({ id }) => id === best);
}
