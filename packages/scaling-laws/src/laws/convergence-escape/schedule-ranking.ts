import { groupsBy } from '../../fitting/numbers.ts';
import { randomFrom } from '../../fitting/random.ts';
import { checkKeys, checkWhole } from '../../options.ts';
import type { ScheduleOutcome, SchedulePredictor } from './predictor.ts';
import type { ScheduleCandidate, ScheduleRun } from './schedule-run.ts';

/** Probability of divergence from which a run counts as one that will diverge. */
const likely = 0.5;

/** A candidate with what was predicted of it. */
export interface RankedSchedule<Candidate> extends ScheduleOutcome {
  readonly candidate: Candidate;
}

/** Candidates by predicted loss, the best first; those more likely to diverge than not come last, the safest of them first. */
export function rankSchedules<Candidate extends ScheduleCandidate>(
  predictor: SchedulePredictor,
  candidates: readonly Candidate[],
): RankedSchedule<Candidate>[] {
  const ranked = candidates.map((candidate) => ({ candidate, ...predictor.predict(candidate) }));
  return ranked.sort((a, b) => {
    const [aDiverges, bDiverges] = [a.divergence >= likely, b.divergence >= likely];
    if (aDiverges !== bDiverges) return aDiverges ? 1 : -1;
    return aDiverges ? a.divergence - b.divergence : a.loss - b.loss;
  });
}

/** Options of {@link topHitRate}. */
export interface TopHitOptions {
  /** How many of the best ranked are looked at; by default 2, as Opt-Laws are judged. */
  readonly top?: number | undefined;
  /** Candidates of each choice; by default 6. */
  readonly candidates?: number | undefined;
  /** Choices drawn from each group; by default 500. */
  readonly draws?: number | undefined;
  /** Seed of the draws; by default 0. */
  readonly seed?: number | undefined;
}

/**
 * How often the schedule that turned out best is among the few that a predictor ranks first.
 *
 * A single ranking is one hit or miss, so that choices among some of the runs are drawn, all of one model size and number of
 * tokens, and the share of hits is counted. Choices of which no run converged are drawn again.
 *
 * @throws Error when no group has enough runs
 */
export function topHitRate(
  predictor: SchedulePredictor,
  runs: readonly ScheduleRun[],
  options: TopHitOptions = {},
): number {
  checkKeys('topHitRate', options, ['top', 'candidates', 'draws', 'seed']);
  const { top = 2, candidates = 6, draws = 500, seed = 0 } = options;
  checkWhole('topHitRate', 'top', top, 1);
  checkWhole('topHitRate', 'candidates', candidates, top + 1);
  checkWhole('topHitRate', 'draws', draws, 1);
  checkWhole('topHitRate', 'seed', seed, 0);
  const large = groupsBy(runs, ({ parameters, tokens }) => `${parameters} ${tokens}`).filter(
    (group) => group.length >= candidates && group.some(({ diverged }) => !diverged),
  );
  if (large.length === 0) {
    throw new Error(`topHitRate: no size of model and data has ${candidates} runs to choose among`);
  }
  const random = randomFrom(seed, 'ranking');
  let hits = 0;
  for (const group of large) {
    const order = rankSchedules(predictor, group).map(({ candidate }) => candidate);
    for (let drawn = 0; drawn < draws; ) {
      const places = new Set<number>();
      while (places.size < candidates) places.add(random.below(order.length));
      const choice = [...places].sort((a, b) => a - b).map((place) => order[place]!);
      const losses = choice.map(({ diverged, loss }) => (diverged ? Number.POSITIVE_INFINITY : loss!));
      const best = Math.min(...losses);
      if (best === Number.POSITIVE_INFINITY) continue;
      drawn++;
      if (losses.slice(0, top).includes(best)) hits++;
    }
  }
  return hits / (draws * large.length);
}

/** How well divergence was predicted. */
export interface DivergenceScores {
  /** Of the runs said to diverge, the share that did; 1 where none was said to. */
  readonly precision: number;
  /** Of the runs that diverged, the share that was said to; 1 where none did. */
  readonly recall: number;
  /** Harmonic mean of both. */
  readonly f1: number;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** Compares predicted divergence, at a probability of one half or more, with what happened. */
export function divergenceScores(
  predictor: SchedulePredictor,
  runs: readonly ScheduleRun[],
): DivergenceScores {
  const counts = { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 };
  for (const run of runs) {
    const said = predictor.predict(run).divergence >= likely;
    if (said) counts[run.diverged ? 'truePositives' : 'falsePositives']++;
    else counts[run.diverged ? 'falseNegatives' : 'trueNegatives']++;
  }
  const { truePositives, falsePositives, falseNegatives } = counts;
  const share = (part: number, whole: number) => (whole === 0 ? 1 : part / whole);
  return {
    precision: share(truePositives, truePositives + falsePositives),
    recall: share(truePositives, truePositives + falseNegatives),
    f1: share(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    ...counts,
  };
}
