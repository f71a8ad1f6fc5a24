import { mean } from '@steepest/statistics';
import { Matrix, solve } from 'ml-matrix';
import { minimize } from '../../fitting/minimize.ts';
import { dot, groupsBy, sum } from '../../fitting/numbers.ts';
import { randomFrom } from '../../fitting/random.ts';
import { checkKeys, checkWhole } from '../../options.ts';
import { readRuns, type ScheduleOutcome, type SchedulePredictor } from './predictor.ts';
import { courseOf, type RunCourse, type ScheduleCandidate, type ScheduleRun } from './schedule-run.ts';

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
  const said = runs.map((run) => predictor.predict(run).divergence >= likely);
  const countOf = (wasSaid: boolean, did: boolean) =>
    runs.filter(({ diverged }, index) => said[index] === wasSaid && diverged === did).length;
  const [truePositives, falsePositives] = [countOf(true, true), countOf(true, false)];
  const [falseNegatives, trueNegatives] = [countOf(false, true), countOf(false, false)];
  const share = (part: number, whole: number) => (whole === 0 ? 1 : part / whole);
  return {
    precision: share(truePositives, truePositives + falsePositives),
    recall: share(truePositives, truePositives + falseNegatives),
    f1: share(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    ...{ truePositives, falsePositives, falseNegatives, trueNegatives },
  };
}

/**
 * A predictor that knows of a schedule only the sum of its rates: the log of the loss is linear in its log, that of the
 * model's size and that of the tokens; divergence is a threshold on it. What a better predictor has to beat.
 */
export function fitRateSumBaseline(runs: readonly ScheduleRun[]): SchedulePredictor {
  return fitBaseline('rate-sum baseline', runs, ({ rateSum }) => Math.log(rateSum), 1);
}

/** The same with the largest rate, of which the log of the loss is a parabola: the usual sweep over learning rates. */
export function fitPeakBaseline(runs: readonly ScheduleRun[]): SchedulePredictor {
  return fitBaseline('peak baseline', runs, ({ peak }) => Math.log(peak), 2);
}

/** Keeps coefficients finite where a column is constant or the classes are apart. */
const ridge = 1e-6;

function fitBaseline(
  name: string,
  runs: readonly ScheduleRun[],
  feature: (course: RunCourse) => number,
  degree: number,
): SchedulePredictor {
  const read = readRuns(name, runs, 1);
  const columns = (course: RunCourse) => {
    const value = feature(course);
    const powers = Array.from({ length: degree }, (_, index) => value ** (index + 1));
    return [1, ...powers, Math.log(course.parameters), Math.log(course.tokensPerStep * sum(course.counts))];
  };
  const converged = read.filter(({ loss }) => loss !== null);
  const design = new Matrix(converged.map(({ course }) => columns(course)));
  const target = Matrix.columnVector(converged.map(({ loss }) => Math.log(loss!)));
  const normal = design.transpose().mmul(design).add(Matrix.eye(design.columns).mul(ridge));
  const coefficients = solve(normal, design.transpose().mmul(target)).to1DArray();
  const risk = fitThreshold(
    read.map(({ course, loss }) => ({ value: feature(course), diverged: loss === null })),
  );
  return {
    predict: (candidate) => {
      const course = courseOf(name, candidate, 1);
      return { loss: Math.exp(dot(columns(course), coefficients)), divergence: risk(feature(course)) };
    },
  };
}

/** Logistic regression on one value, whose slope may be steep but not infinite. */
function fitThreshold(rows: readonly { value: number; diverged: boolean }[]): (value: number) => number {
  const middle = mean(rows.map(({ value }) => value));
  const share = (value: number, [offset, slope]: Float64Array) =>
    1 / (1 + Math.exp(-(offset! + slope! * (value - middle))));
  const { point } = minimize(
    (at, gradient) => {
      gradient.set([at[0]! / 100, at[1]! / 100]);
      let value = (at[0]! ** 2 + at[1]! ** 2) / 200;
      for (const row of rows) {
        const odds = at[0]! + at[1]! * (row.value - middle);
        value += Math.max(odds, 0) + Math.log1p(Math.exp(-Math.abs(odds))) - (row.diverged ? odds : 0);
        const error = share(row.value, at) - (row.diverged ? 1 : 0);
        gradient[0]! += error;
        gradient[1]! += error * (row.value - middle);
      }
      return value;
    },
    [0, 1],
    { gradientTolerance: 1e-6 },
  );
  return (value) => share(value, point);
}
