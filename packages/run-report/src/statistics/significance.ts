import { blockTests, holm, type MeanTest, mean } from '@steepest/statistics';
import type { OptimizerResult, PairTest, Significance, TrialResult } from '../results/results.ts';
import { bestJudged, bestTrials, ranked } from './selection.ts';

/** Probability of calling any two equal optimizers different, over all pairs. */
const ALPHA = 0.05;

/** The rule by which two optimizers count as different, as the report states it. */
const RULE =
  "Analysis of variance of the final validation losses at the optimizers' best settings, with seeds as blocks, as a seed fixes initial weights and order of the data for all of them: a two-sided t-test of each pair against the scatter that optimizers and seeds leave, which is taken to be alike for all optimizers, over the seeds, at least two, that all of them finished. p-values are corrected for the number of pairs by Holm's method, significant below 0.05.";

/** Tests every pair of optimizers that has seeds enough and numbers of its own. */
export function significanceOf(
  optimizers: readonly OptimizerResult[],
  trials: readonly TrialResult[],
): Significance {
  const placed = ranked(optimizers).flatMap(({ name, finalValidationLoss }) =>
    finalValidationLoss === null ? [] : [name],
  );
  const copies = copiesAmong(placed, trials);
  const names = placed.filter((name) => !copies.some((copy) => copy.name === name));
  const samples = new Map(names.map((name) => [name, seedLosses(trials, name)]));
  const test = seedTests(samples);
  const tested = names.flatMap((first, index) =>
    names.slice(index + 1).flatMap((second) => {
      const found = test(first, second);
      return found === null ? [] : [{ first, second, ...found }];
    }),
  );
  const corrected = holm(tested.map(({ p }) => p));
  const pairs = tested.map(
    (found, index): PairTest => ({
      ...found,
      correctedP: corrected[index]!,
      significant: corrected[index]! < ALPHA,
    }),
  );
  const able = names.filter((name) => samples.get(name)!.size >= 2);
  const tooFewSeeds = able.length === 0 ? [] : names.filter((name) => !able.includes(name));
  return { rule: RULE, alpha: ALPHA, pairs, copies, tooFewSeeds };
}

/** Optimizers of which some trial at the best setting has the numbers of one of an earlier optimizer. */
export function copiesAmong(
  names: readonly string[],
  trials: readonly TrialResult[],
): { readonly name: string; readonly of: string }[] {
  const owners = new Map<string, string>();
  return names.flatMap((name) => {
    const prints = bestTrials(trials, name).flatMap((trial) => fingerprint(trial) ?? []);
    const of = prints.map((print) => owners.get(print)).find((owner) => owner !== undefined);
    if (of !== undefined) return [{ name, of }];
    for (const print of prints) owners.set(print, name);
    return [];
  });
}

/**
 * The seed and every validation loss of a finished trial, which no two trials share to the last digit unless they are one;
 * `undefined` of a trial that has too few numbers to tell.
 */
export function fingerprint({ seed, status, finalValidationLoss, curve }: TrialResult): string | undefined {
  if (status !== 'finished' || curve.validation.length < 2) return undefined;
  return JSON.stringify([seed, finalValidationLoss, curve.validation.map(({ step, loss }) => [step, loss])]);
}

/** A test of two samples, and what it compared. */
export interface SeedTest extends MeanTest {
  /** Seeds that all samples have. */
  readonly seeds: number;
  /** Loss of the first less that of the second, mean over these seeds. */
  readonly difference: number;
}

/**
 * Tests samples of losses against each other, seeds being blocks. Samples of fewer than two seeds take no part.
 * @returns the test of two samples by their names; `null` where it says nothing
 */
export function seedTests(
  samples: ReadonlyMap<string, ReadonlyMap<number, number>>,
): (first: string, second: string) => SeedTest | null {
  const able = [...samples].filter(([, losses]) => losses.size >= 2);
  const seeds = [...(able[0]?.[1].keys() ?? [])].filter((seed) =>
    able.every(([, losses]) => losses.has(seed)),
  );
  const rows = able.map(([, losses]) => seeds.map((seed) => losses.get(seed)!));
  const place = new Map(able.map(([name], index) => [name, index]));
  const test = blockTests(rows);
  return (first, second) => {
    const [a, b] = [place.get(first), place.get(second)];
    const found = a === undefined || b === undefined ? null : test(a, b);
    if (found === null) return null;
    return { ...found, seeds: seeds.length, difference: mean(rows[a!]!) - mean(rows[b!]!) };
  };
}

/** Final validation losses of an optimizer's best setting, by seed; a trial that names none cannot be paired. */
export function seedLosses(trials: readonly TrialResult[], optimizer: string): Map<number, number> {
  return new Map(
    bestJudged(trials, optimizer).flatMap(({ trial: { seed }, loss }) =>
      seed === null ? [] : [[seed, loss] as const],
    ),
  );
}
