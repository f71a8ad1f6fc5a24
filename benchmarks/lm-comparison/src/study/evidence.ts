import type { Results, TrialResult } from '../report/results.ts';
import { mean, welchTest } from '../report/statistics.ts';

/** What a claim is judged by: of a trial, what it was and how it ended. */
export type JudgedTrial = Pick<
  TrialResult,
  'optimizer' | 'settings' | 'variation' | 'seed' | 'status' | 'finalValidationLoss' | 'initialValidationLoss'
>;

/** `supported` and `contradicted` are significant; anything else is `undecided`, and without its runs `not run`. */
export type Verdict = 'supported' | 'contradicted' | 'undecided' | 'not run';

export interface Judgement {
  readonly verdict: Verdict;
  /** The numbers it rests on, in a line of Markdown. */
  readonly evidence: string;
}

/** Nats a token within which two losses count as comparable: 5% in perplexity. */
export const margin = 0.05;
/** Probability of an error, over all comparisons of a claim together. */
export const alpha = 0.05;

/** The rule by which claims are judged, as the page states it. */
export const rule =
  `Losses are final validation losses in nats a token, one of each seed, at an optimizer's best setting. "Lower" is ` +
  `tested by Welch's t-test. "Comparable" means within ${margin} nats, 5% in perplexity, and is tested by two one-sided ` +
  `Welch tests (Schuirmann 1987); being further apart than that by one. A claim is supported when each of its ` +
  `comparisons is significant at ${alpha}, and contradicted when one is significantly the other way, at ${alpha} divided by the ` +
  'number of its comparisons (Bonferroni). Anything else, a single seed included, is undecided.';

/** Two samples of losses, one value a seed. */
export interface Comparison {
  readonly name: string;
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/** Judges that in every comparison `a` is lower than `b`. */
export function judgeLower(comparisons: readonly Comparison[]): Judgement {
  return judge(comparisons, ({ a, b }) => ({ holds: below(a, b, 0), fails: below(b, a, 0) }));
}

/** Judges that in every comparison the two are within the margin of each other. */
export function judgeComparable(comparisons: readonly Comparison[]): Judgement {
  return judge(comparisons, ({ a, b }) => ({
    holds: both(below(a, b, margin), below(b, a, margin)),
    fails: either(below(a, b, -margin), below(b, a, -margin)),
  }));
}

function judge(
  comparisons: readonly Comparison[],
  test: (comparison: Comparison) => { readonly holds: number | null; readonly fails: number | null },
): Judgement {
  if (comparisons.length === 0 || comparisons.every(({ a, b }) => a.length === 0 || b.length === 0)) {
    return { verdict: 'not run', evidence: '' };
  }
  const tests = comparisons.map((comparison) => test(comparison));
  const supported = tests.every(({ holds }) => holds !== null && holds < alpha);
  const contradicted = tests.some(({ fails }) => fails !== null && fails < alpha / comparisons.length);
  return {
    verdict: contradicted ? 'contradicted' : supported ? 'supported' : 'undecided',
    evidence: comparisons.map(describe).join('; '),
  };
}

function describe({ name, a, b }: Comparison): string {
  if (a.length === 0 || b.length === 0) return `${name}: no losses to compare`;
  const difference = mean(a) - mean(b);
  return `${name}: ${mean(a).toFixed(3)} and ${mean(b).toFixed(3)} (${difference < 0 ? '' : '+'}${difference.toFixed(3)}; ${a.length} and ${b.length} seeds)`;
}

/** One-sided p-value of the mean of `a` being below that of `b` plus `shift`; `null` where there is too little to test. */
function below(a: readonly number[], b: readonly number[], shift: number): number | null {
  const test = welchTest(
    a.map((value) => value - shift),
    b,
  );
  if (test === null) return null;
  return test.t < 0 ? test.p / 2 : 1 - test.p / 2;
}

function both(first: number | null, second: number | null): number | null {
  return first === null || second === null ? null : Math.max(first, second);
}

function either(first: number | null, second: number | null): number | null {
  return first === null || second === null ? null : Math.min(first, second);
}

/** Final losses, one a seed, of an optimizer's setting of lowest mean loss among those no seed diverged at. */
export function bestLosses(
  { trials }: Pick<Results, 'trials'> | { trials: readonly JudgedTrial[] },
  optimizer: string,
): number[] {
  const whole = settings(trials, optimizer).filter((own) => own.every(({ status }) => status === 'finished'));
  const losses = whole.map((own) => own.map(({ finalValidationLoss }) => finalValidationLoss!));
  return losses.sort((a, b) => mean(a) - mean(b))[0] ?? [];
}

/**
 * How much an optimizer loses by a wrong value: for each seed the mean over the settings of loss less the seed's lowest.
 * A diverged trial counts with the loss it began with.
 */
export function sensitivities(
  results: { readonly trials: readonly JudgedTrial[] },
  optimizer: string,
): number[] {
  const own = results.trials.filter((trial) => trial.optimizer === optimizer && trial.status !== 'failed');
  const seeds = [...new Set(own.map(({ seed }) => seed))];
  return seeds.flatMap((seed) => {
    const losses = own
      .filter((trial) => trial.seed === seed)
      .flatMap(
        ({ status, finalValidationLoss, initialValidationLoss }) =>
          (status === 'diverged' ? initialValidationLoss : finalValidationLoss) ?? [],
      );
    return losses.length < 2 ? [] : [mean(losses) - Math.min(...losses)];
  });
}

function settings(trials: readonly JudgedTrial[], optimizer: string): JudgedTrial[][] {
  const groups = new Map<string, JudgedTrial[]>();
  for (const trial of trials.filter((candidate) => candidate.optimizer === optimizer)) {
    const key = JSON.stringify([trial.settings, trial.variation]);
    groups.set(key, [...(groups.get(key) ?? []), trial]);
  }
  return [...groups.values()];
}
