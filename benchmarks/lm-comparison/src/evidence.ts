import { markdownCell } from '@steepest/run-files';
import {
  bestSetting,
  judgedTrials,
  type OptimizerResult,
  type Results,
  seedTolerances,
  settingsOf,
  type TrialResult,
  toleratedExcess,
} from '@steepest/run-report';
import { mean, pairedDifferences, pairedTest, standardError } from '@steepest/statistics';

/** Results that claims are judged by; without edges and counts of n-grams every optimizer may be judged. */
export type JudgedResults = Pick<Results, 'trials'> & {
  readonly optimizers?: readonly Pick<OptimizerResult, 'name' | 'title' | 'edges'>[];
  readonly baselines?: Results['baselines'];
};

/** `supported` and `contradicted` are significant; anything else is `undecided`, with a part of its runs `in progress`, and without them `not run`. */
export type Verdict = 'supported' | 'contradicted' | 'undecided' | 'in progress' | 'not run';

export interface Judgement {
  readonly verdict: Verdict;
  /** The numbers it rests on and what each says alone, in the cell of a Markdown table. */
  readonly evidence: string;
}

/** Nats per token within which two losses count as comparable: 5% in perplexity. */
export const margin = 0.05;
/** Half-decades within which two widths count as comparable: a step of the grids of learning rates. */
export const widthMargin = 1;
/** Nats per token below a bigram that an optimizer's model must end for claims to be judged on it. */
export const bigramMargin = 0.3;
/** Probability of an error, over all comparisons of a claim together. */
export const alpha = 0.05;

/** The rule by which claims are judged, as the page states it. */
export const rule =
  `Losses are final validation losses in nats per token, one of each seed, at an optimizer's best setting. The losses of two ` +
  `optimizers are paired by seed, which fixes initial weights and order of the data for both, and "lower" is tested by ` +
  `Student's paired t-test. "Comparable" means within ${margin} nats, 5% in perplexity, and is tested by two one-sided ` +
  `such tests (Schuirmann 1987); being further apart than that by one. A claim is supported when each of its ` +
  `comparisons is significant at ${alpha}, and contradicted when one is significantly the other way, at ${alpha} divided by the ` +
  'number of its comparisons (Bonferroni). Anything else, a single seed included, is undecided. Stability is the width of the range ' +
  `of values within ${toleratedExcess} nats of the best loss, in half-decades, interpolated between the values tried and, for betas and momenta, of ` +
  `the distance from 1; widths of each seed are compared in the same way, and are comparable within ${widthMargin}. A range that reaches the end of ` +
  'the values tried counts as wide as they are: the claim is about these values. No claim is judged on an optimizer whose best learning ' +
  `rate is the lowest or highest tried, or whose model does not end ${bigramMargin} nats below counts of bigrams. A claim that two ` +
  'experiments speak to is judged on each by itself.';

/** A number of each seed. */
export type BySeed = ReadonlyMap<TrialResult['seed'], number>;

/** Two samples of losses, paired by their seeds. */
export interface Comparison {
  readonly name: string;
  /** Why it cannot be judged, whatever the losses. */
  readonly unfit?: string | undefined;
  readonly a: BySeed;
  readonly b: BySeed;
}

/** Judges that in every comparison `a` is lower than `b`. */
export function judgeLower(comparisons: readonly Comparison[]): Judgement {
  return judge(comparisons, (differences) => ({
    holds: below(differences, 0),
    fails: above(differences, 0),
  }));
}

/** Judges that in every comparison the two losses are within the margin of each other. Those that are equal to the last digit are copies. */
export function judgeComparable(comparisons: readonly Comparison[]): Judgement {
  return judge(comparisons, (differences) =>
    areEqual(differences) ? { holds: 1, fails: 1 } : comparable(differences, margin),
  );
}

/** The same of widths, which are equal to the last digit where ranges reach both ends of one list. */
export function judgeComparableWidths(comparisons: readonly Comparison[]): Judgement {
  return judge(comparisons, (differences) =>
    areEqual(differences) ? { holds: 0, fails: 1 } : comparable(differences, widthMargin),
  );
}

function areEqual(differences: readonly number[]): boolean {
  return differences.length > 1 && differences.every((difference) => difference === 0);
}

function comparable(differences: readonly number[], within: number) {
  return {
    holds: Math.max(below(differences, within), above(differences, -within)),
    fails: Math.min(below(differences, -within), above(differences, within)),
  };
}

function judge(
  comparisons: readonly Comparison[],
  test: (differences: readonly number[]) => { readonly holds: number; readonly fails: number },
): Judgement {
  if (comparisons.every(({ a, b, unfit }) => unfit === undefined && (a.size === 0 || b.size === 0)))
    return { verdict: 'not run', evidence: '' };
  const differences = comparisons.map(({ a, b }) => pairedDifferences(a, b));
  const verdicts = differences.map((own, index) => {
    if (comparisons[index]!.unfit !== undefined) return 'undecided';
    const { holds, fails } = test(own);
    return fails < alpha / comparisons.length ? 'contradicted' : holds < alpha ? 'supported' : 'undecided';
  });
  return {
    verdict: verdicts.includes('contradicted')
      ? 'contradicted'
      : verdicts.every((verdict) => verdict === 'supported')
        ? 'supported'
        : 'undecided',
    evidence: comparisons
      .map((comparison, index) => `${describe(comparison, differences[index]!)}, ${verdicts[index]}`)
      .join('<br>'),
  };
}

function describe({ name, a, b, unfit }: Comparison, differences: readonly number[]): string {
  const seeds = differences.length;
  if (unfit !== undefined) return `${name}: ${unfit}`;
  if (seeds === 0) return `${name}: no losses to compare`;
  const first = mean([...a].flatMap(([seed, loss]) => (b.has(seed) ? [loss] : [])));
  const difference = mean(differences);
  const error = standardError(differences);
  const spread = error === null ? '' : ` ± ${error.toFixed(3)}`;
  return `${name}: ${first.toFixed(3)} vs ${(first - difference).toFixed(3)} (${difference < 0 ? '' : '+'}${difference.toFixed(3)}${spread}; ${seeds} ${seeds === 1 ? 'seed' : 'seeds'})`;
}

/** One-sided p-value of the mean difference being below `bound`; 1 where there is too little to test. */
function below(differences: readonly number[], bound: number): number {
  const test = pairedTest(differences.map((difference) => difference - bound));
  if (test === null) return 1;
  return test.t < 0 ? test.p / 2 : 1 - test.p / 2;
}

/** One-sided p-value of the mean difference being above `bound`; 1 where there is too little to test. */
function above(differences: readonly number[], bound: number): number {
  return below(
    differences.map((difference) => -difference),
    -bound,
  );
}

/** What a page calls an optimizer of an experiment, as Markdown. */
export function titleOf({ optimizers }: JudgedResults, name: string): string {
  return markdownCell(optimizers?.find((one) => one.name === name)?.title ?? name);
}

/**
 * Why no claim is judged on some of these optimizers: the best learning rate of one is the lowest or highest tried, or it did not end
 * {@link bigramMargin} below the bigram, so that it hardly is a language model. `undefined` where there is nothing against it.
 */
export function unfit(results: JudgedResults, names: readonly string[]): string | undefined {
  for (const name of new Set(names)) {
    const edge = results.optimizers
      ?.find((one) => one.name === name)
      ?.edges.find(({ key }) => key === 'learningRate');
    if (edge !== undefined)
      return `the best learning rate of ${titleOf(results, name)} is the ${edge.end} tried`;
    const losses = [...bestLosses(results, name).values()];
    const bigram = results.baselines?.bigram;
    if (bigram !== undefined && losses.length > 0 && mean(losses) > bigram - bigramMargin)
      return `${titleOf(results, name)} did not end ${bigramMargin} nats below the bigram (${bigram.toFixed(3)})`;
  }
  return undefined;
}

/**
 * Final losses of an optimizer's setting of lowest mean loss among those that every seed finished: those of the seeds that confirm it,
 * where there are any. One that diverged confirming it counts with the loss it began with.
 */
export function bestLosses({ trials }: Pick<Results, 'trials'>, optimizer: string): BySeed {
  const settings = settingsOf(trials.filter((trial) => trial.optimizer === optimizer));
  const best = bestSetting(settings.filter(({ unfinished }) => unfinished === 0));
  if (best === undefined) return new Map();
  const isConfirmed = best.confirmations.length > 0;
  return new Map(
    judgedTrials(best).flatMap(({ trial, loss }) =>
      // Where no confirmation has ended, what chose the setting does not stand in for them.
      isConfirmed && trial.confirmation !== true ? [] : [[trial.seed, loss] as const],
    ),
  );
}

/** How far a hyperparameter may be from its best value for at most 0.05 nats: the width at each seed, in half-decades. */
export function widths({ trials }: Pick<Results, 'trials'>, optimizer: string, key: string): BySeed {
  const tolerances = [...seedTolerances(trials, optimizer, key)];
  return new Map(tolerances.map(([seed, { halfDecades }]) => [seed, halfDecades]));
}
