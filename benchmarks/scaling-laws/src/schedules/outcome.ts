import { mean } from '@steepest/statistics';
import { type SeedDifference, seedDifference } from '../seed-difference.ts';
import type { SweepRun } from './schedule-runs.ts';
import type { ScheduleSuggestion } from './suggestion.ts';

/** How one schedule came out over the seeds, and how far behind the suggestion. */
export interface ScheduleOutcome extends SeedDifference {
  readonly schedule: string;
  readonly expectedLoss: number;
  /** Final validation loss by seed, in the order of the seeds. */
  readonly losses: readonly number[];
  readonly mean: number;
  /** Seeds at which the suggestion was lower. */
  readonly beaten: number;
}

/** The outcome of the comparison; the content of `outcome.json`. */
export interface SuggestionOutcome {
  readonly seeds: readonly number[];
  readonly schedules: readonly ScheduleOutcome[];
}

/**
 * Compares the schedules with the suggestion, seed by seed: runs of one seed share their weights and the order of their data.
 *
 * @throws Error when a run is missing or diverged
 */
export function outcomeOf(suggestion: ScheduleSuggestion, runs: readonly SweepRun[]): SuggestionOutcome {
  const seeds = [...new Set(runs.map(({ seed }) => seed))].sort((a, b) => a - b);
  const expected = {
    suggested: suggestion.suggested,
    'cosine-of-law': suggestion.cosine,
    'cosine-of-sweep': suggestion.sweptCosine,
  };
  const lossOf = (schedule: string, seed: number) => {
    const found = runs.find((run) => run.family === schedule && run.seed === seed);
    if (found?.loss == null) throw new Error(`${schedule} has no final loss at seed ${seed}`);
    return found.loss;
  };
  const suggested = seeds.map((seed) => lossOf('suggested', seed));
  const schedules = Object.entries(expected).map(([schedule, { expectedLoss }]) => {
    const losses = seeds.map((seed) => lossOf(schedule, seed));
    return {
      schedule,
      expectedLoss,
      losses,
      mean: mean(losses),
      ...seedDifference(losses, suggested),
      beaten: losses.filter((loss, index) => loss > suggested[index]!).length,
    };
  });
  return { seeds, schedules };
}
