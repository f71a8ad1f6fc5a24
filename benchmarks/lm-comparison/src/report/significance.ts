import type { OptimizerResult, PairTest, Significance, TrialResult } from './results.ts';
import { bestTrials, ranked } from './selection.ts';
import { holm, welchTest } from './statistics.ts';

/** Probability of calling any two equal optimizers different, over all pairs. */
const ALPHA = 0.05;

/** The rule by which two optimizers count as different, as the report states it. */
const RULE =
  "Welch's two-sided t-test on the final validation losses of the seeds of each optimizer's best setting, at least two seeds each, p-values corrected for the number of pairs by Holm's method, significant below 0.05.";

/** Tests every pair of optimizers that has seeds enough. */
export function significanceOf(
  optimizers: readonly OptimizerResult[],
  trials: readonly TrialResult[],
): Significance {
  const samples = ranked(optimizers).flatMap(({ name }) => {
    const losses = seedLosses(trials, name);
    return losses.length >= 2 ? [{ name, losses }] : [];
  });
  const tested = samples.flatMap((first, index) =>
    samples.slice(index + 1).flatMap((second) => {
      const test = welchTest(first.losses, second.losses);
      return test === null ? [] : [{ first: first.name, second: second.name, ...test }];
    }),
  );
  const corrected = holm(tested.map(({ p }) => p));
  const loss = new Map(optimizers.map(({ name, finalValidationLoss }) => [name, finalValidationLoss]));
  const pairs = tested.map(
    (test, index): PairTest => ({
      ...test,
      difference: loss.get(test.first)! - loss.get(test.second)!,
      correctedP: corrected[index]!,
      significant: corrected[index]! < ALPHA,
    }),
  );
  return { rule: RULE, alpha: ALPHA, pairs };
}

/** Final validation losses of the finished seeds of an optimizer's best setting. */
export function seedLosses(trials: readonly TrialResult[], optimizer: string): number[] {
  return bestTrials(trials, optimizer).map((trial) => trial.finalValidationLoss!);
}
