import { holm, type MeanTest, mean, pairedDifferences, pairedTest } from '@steepest/statistics';
import type { OptimizerResult, PairTest, Significance, TrialResult } from '../results/results.ts';
import { bestJudged, bestTrials, ranked } from './selection.ts';

/** Probability of calling any two equal optimizers different, over all pairs. */
const significanceLevel = 0.05;

/** The test of two optimizers, as reports state it. */
export const testRule =
  "Student's two-sided paired t-test of the final validation losses of two optimizers at their best settings, paired by seed, which fixes initial weights and order of the data for both, over the seeds that both finished, at least two. Each pair is judged by the scatter of its own differences, as losses of some optimizers scatter several times as widely as those of others.";

/** The rule by which two optimizers count as different, as the report states it. */
const pairRule = `${testRule} p-values are corrected for the number of pairs by Holm's method, significant below ${significanceLevel}.`;

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
  const tested = names.flatMap((first, index) =>
    names.slice(index + 1).flatMap((second) => {
      const found = seedTest(samples.get(first)!, samples.get(second)!);
      return found === null ? [] : [{ first, second, ...found }];
    }),
  );
  const corrected = holm(tested.map(({ p }) => p));
  const pairs = tested.map(
    (found, index): PairTest => ({
      ...found,
      correctedP: corrected[index]!,
      significant: corrected[index]! < significanceLevel,
    }),
  );
  const able = names.filter((name) => samples.get(name)!.size >= 2);
  const tooFewSeeds = able.length === 0 ? [] : names.filter((name) => !able.includes(name));
  return { rule: pairRule, alpha: significanceLevel, pairs, copies, tooFewSeeds };
}

/** Nats within which losses are those of one update rule, whose sums were rounded in another order. */
const roundingOfLosses = 1e-6;

/**
 * Optimizers of which some trial at the best setting has the losses of one of an earlier optimizer: the same trial, or one of the same
 * update rule under another name.
 */
export function copiesAmong(
  names: readonly string[],
  trials: readonly TrialResult[],
): { readonly name: string; readonly of: string }[] {
  const owned: { readonly name: string; readonly trial: TrialResult }[] = [];
  return names.flatMap((name) => {
    const own = bestTrials(trials, name);
    const owner = owned.find(({ trial }) => own.some((one) => haveOneCourse(one, trial)));
    if (owner !== undefined) return [{ name, of: owner.name }];
    owned.push(...own.map((trial) => ({ name, trial })));
    return [];
  });
}

/** Whether two finished trials of one seed have the same validation losses at the same steps, but for rounding. */
function haveOneCourse(a: TrialResult, b: TrialResult): boolean {
  const [first, second] = [a.curve.validation, b.curve.validation];
  if (a.seed !== b.seed || a.status !== 'finished' || b.status !== 'finished') return false;
  if (first.length < 2 || first.length !== second.length) return false;
  return first.every(({ step, loss }, index) => {
    const other = second[index]!;
    if (step !== other.step) return false;
    return loss === other.loss || Math.abs((loss ?? Infinity) - (other.loss ?? Infinity)) < roundingOfLosses;
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

/** A test of two samples of losses, and what it compared. */
export interface SeedTest extends MeanTest {
  /** Seeds that both samples have. */
  readonly seeds: number;
  /** Loss of the first less that of the second, mean over these seeds. */
  readonly difference: number;
}

/** The paired test of two samples of losses by seed; `null` where it says nothing. */
export function seedTest(
  first: ReadonlyMap<number, number>,
  second: ReadonlyMap<number, number>,
): SeedTest | null {
  const differences = pairedDifferences(first, second);
  const test = pairedTest(differences);
  return test === null ? null : { ...test, seeds: differences.length, difference: mean(differences) };
}

/** Final validation losses of an optimizer's best setting, by seed; a trial that names none cannot be paired. */
export function seedLosses(trials: readonly TrialResult[], optimizer: string): Map<number, number> {
  return new Map(
    bestJudged(trials, optimizer).flatMap(({ trial: { seed }, loss }) =>
      seed === null ? [] : [[seed, loss] as const],
    ),
  );
}
