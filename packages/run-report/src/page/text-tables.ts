import {
  configurationDifferences,
  type Labelled,
  mergeResults,
  pairOptimizers,
} from '../comparison/compare-results.ts';
import { cells, heads, sameSettings } from '../comparison/comparison-cells.ts';
import {
  absent,
  formatCount,
  formatDifference,
  formatLearningRate,
  formatLoss,
  formatPerplexity,
  formatShort,
} from '../number-format.ts';
import type { OptimizerResult, Results } from '../results/results.ts';
import { trialCounts } from '../results/trial-counts.ts';
import { learningRateOf, ranked } from '../statistics/selection.ts';
import { warnings } from './warnings.ts';

/** A table as texts, for a terminal or wherever else tables are drawn; the first column names the row. */
export interface TextTable {
  /** Titles of the columns; `\n` where one may be broken. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What to know before relying on the table. */
  readonly warnings: readonly string[];
}

/** The ranking: one row per optimizer, best first; every trial that did not finish is counted. */
export function rankingTable(results: Results): TextTable {
  const baseline = results.optimizers.find(({ name }) => name === results.baseline);
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
  const rows = ranked(results.optimizers).map((optimizer) => row(results, optimizer));
  return { head, rows, warnings: warnings(results) };
}

/** Two results side by side, a row per optimizer, and the settings in which the two differ. */
export function comparisonTable(
  first: Labelled,
  second: Labelled,
): TextTable & { readonly differences: readonly string[] } {
  const differences = configurationDifferences(first.results, second.results).map(
    ({ key, first: before, second: after }) => `${key}: ${before} | ${after}`,
  );
  return {
    head: heads(first.label, second.label),
    rows: pairOptimizers(first.results, second.results).map((pair) => [pair.title, ...cells(pair)]),
    warnings: warnings(mergeResults(first, second)),
    differences: differences.length > 0 ? differences : [sameSettings],
  };
}

function row(results: Results, optimizer: OptimizerResult): string[] {
  const best = results.trials.find(({ id }) => id === optimizer.best);
  return [
    optimizer.title,
    best ? formatLearningRate(learningRateOf(best)) : absent,
    formatLoss(optimizer.finalValidationLoss) +
      (optimizer.lossDeviation === null ? '' : ` ± ${formatLoss(optimizer.lossDeviation)}`),
    formatPerplexity(optimizer.perplexity),
    optimizer.name === results.baseline ? absent : formatDifference(optimizer.difference),
    formatShort(best?.millisecondsPerStep ?? null),
    formatShort(best?.optimizerMillisecondsPerStep ?? null),
    formatCount(best?.tokensPerSecond ?? null),
    formatShort(best?.stateBytesPerParameter ?? null),
    trialCounts(optimizer),
  ];
}
