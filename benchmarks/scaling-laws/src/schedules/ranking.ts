import {
  convergenceEscapeLaw,
  divergenceScores,
  fitPeakBaseline,
  fitRateSumBaseline,
  type SchedulePredictor,
  topHitRate,
} from '@steepest/scaling-laws';
import type { SweepRun } from './schedule-runs.ts';

/** How well one predictor did on held-out runs. */
export interface RankingScore {
  readonly predictor: string;
  /** Share of choices among 6 runs whose best is among the two ranked first. */
  readonly topTwo: number;
  /** F1 of the divergence, over all held-out runs together. */
  readonly f1: number;
  /** Mean of |predicted / measured - 1| of the losses of runs that converged. */
  readonly lossError: number;
}

/** One way to hold runs out, and how every predictor did. */
export interface RankingResult {
  readonly held: string;
  readonly runs: number;
  readonly diverged: number;
  readonly scores: readonly RankingScore[];
}

const predictors: Readonly<Record<string, (runs: readonly SweepRun[]) => SchedulePredictor>> = {
  'convergence and escape': (runs) => convergenceEscapeLaw.fit(runs, { bootstrap: 0 }).predictor,
  'sum of the rates': fitRateSumBaseline,
  'peak rate': fitPeakBaseline,
};

/** A part of the runs to fit on, and another to predict. */
interface Fold {
  readonly fitted: readonly SweepRun[];
  readonly heldOut: readonly SweepRun[];
}

/** Predicts each family of the largest model and length from all other runs, and then all of them from smaller and shorter. */
export function rankHeldOut(runs: readonly SweepRun[]): RankingResult[] {
  const size = Math.max(...runs.map(({ parameters }) => parameters));
  const tokens = Math.max(...runs.map((run) => run.tokens));
  const isLarge = (run: SweepRun) => run.parameters === size && run.tokens === tokens;
  const families = [...new Set(runs.filter(isLarge).map(({ family }) => family))];
  const byFamily = families.map((family) => ({
    // A family's own smaller runs would give its shape away.
    fitted: runs.filter((run) => !run.family.startsWith(family)),
    heldOut: runs.filter((run) => isLarge(run) && run.family === family),
  }));
  const bySize = [{ fitted: runs.filter((run) => !isLarge(run)), heldOut: runs.filter(isLarge) }];
  return [
    resultOf('a family of schedules, each in turn', byFamily),
    resultOf('the larger model at twice the steps', bySize),
  ];
}

function resultOf(held: string, folds: readonly Fold[]): RankingResult {
  const all = folds.flatMap(({ heldOut }) => heldOut);
  return {
    held,
    runs: all.length,
    diverged: all.filter(({ diverged }) => diverged).length,
    scores: Object.entries(predictors).map(([name, fit]) => scoreOf(name, fit, folds)),
  };
}

function scoreOf(
  predictor: string,
  fit: (runs: readonly SweepRun[]) => SchedulePredictor,
  folds: readonly Fold[],
): RankingScore {
  let [hits, right, wrong] = [0, 0, 0];
  const errors: number[] = [];
  for (const { fitted, heldOut } of folds) {
    const fittedPredictor = fit(fitted);
    hits += topHitRate(fittedPredictor, heldOut);
    const { truePositives, falsePositives, falseNegatives } = divergenceScores(fittedPredictor, heldOut);
    right += truePositives;
    wrong += falsePositives + falseNegatives;
    for (const run of heldOut) {
      if (run.loss !== null) errors.push(Math.abs(fittedPredictor.predict(run).loss / run.loss - 1));
    }
  }
  return {
    predictor,
    topTwo: hits / folds.length,
    f1: right + wrong === 0 ? 1 : (2 * right) / (2 * right + wrong),
    lossError: errors.reduce((sum, error) => sum + error, 0) / errors.length,
  };
}
