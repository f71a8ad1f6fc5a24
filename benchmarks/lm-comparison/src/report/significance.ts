import type { OptimizerResult, PairTest, Significance, TrialResult } from './results.ts';
import { bestTrials, ranked } from './selection.ts';
import { holm, mean, pairedDifferences, pairedTest } from './statistics.ts';

/** Probability of calling any two equal optimizers different, over all pairs. */
const ALPHA = 0.05;

/** The rule by which two optimizers count as different, as the report states it. */
const RULE =
  "Student's two-sided paired t-test on the final validation losses of two optimizers' best settings, paired by seed, which fixes initial weights and order of the data for both; at least two seeds that both finished, p-values corrected for the number of pairs by Holm's method, significant below 0.05.";

/** Tests every pair of optimizers that has seeds enough. */
export function significanceOf(
  optimizers: readonly OptimizerResult[],
  trials: readonly TrialResult[],
): Significance {
  const samples = ranked(optimizers).map(({ name }) => ({ name, losses: seedLosses(trials, name) }));
  const tested = samples.flatMap((first, index) =>
    samples.slice(index + 1).flatMap((second) => {
      const differences = pairedDifferences(first.losses, second.losses);
      const test = pairedTest(differences);
      return test === null
        ? []
        : [
            {
              first: first.name,
              second: second.name,
              seeds: differences.length,
              difference: mean(differences),
              ...test,
            },
          ];
    }),
  );
  const corrected = holm(tested.map(({ p }) => p));
  const pairs = tested.map(
    (test, index): PairTest => ({
      ...test,
      correctedP: corrected[index]!,
      significant: corrected[index]! < ALPHA,
    }),
  );
  return { rule: RULE, alpha: ALPHA, pairs };
}

/** Final validation losses of an optimizer's best setting, by seed; a trial that names none cannot be paired. */
export function seedLosses(trials: readonly TrialResult[], optimizer: string): Map<number, number> {
  return new Map(
    bestTrials(trials, optimizer).flatMap(({ seed, finalValidationLoss }) =>
      seed === null ? [] : [[seed, finalValidationLoss!] as const],
    ),
  );
}
