import * as z from 'zod/mini';
import { resample } from '../fitting/bootstrap.ts';
import { type Extent, leastBy, rangeOf, sum } from '../fitting/numbers.ts';
import { axes, points, predictedAgainstMeasured, residuals, spread } from '../law/chart-parts.ts';
import { defineLaw } from '../law/define-law.ts';
import { countWarning, outsidePeaks } from '../law/fit-warnings.ts';
import { type FittedLaw, namedEstimates } from '../law/fitted-law.ts';
import type { LawChart, PredictedValue } from '../law/law.ts';
import { positive, whole } from '../law/option-specs.ts';
import { count, optionalCount, question } from '../law/question.ts';
import { numbers, positiveNumber, positiveNumbers } from '../law/saved-fit.ts';
import { trainingFlops } from '../table/run-columns.ts';
import { fitConvergence } from './convergence-escape/convergence.ts';
import {
  type ConvergenceEscapeConstants,
  convergenceEscapeFrom,
  fitEscape,
  readRuns,
  type ScheduleOutcome,
} from './convergence-escape/predictor.ts';
import { divergenceScores, rankSchedules } from './convergence-escape/schedule-ranking.ts';
import {
  courseOf,
  type ReadRun,
  type ScheduleCandidate,
  type ScheduleRun,
} from './convergence-escape/schedule-run.ts';
import { describeSchedule, type SweepRow, sweepColumns, sweepRuns } from './convergence-escape/sweep-rows.ts';

/** A run as a fit keeps it, with what the law says of it. */
export interface FittedRun extends ScheduleOutcome {
  readonly parameters: number;
  readonly tokens: number;
  readonly steps: number;
  readonly peak: number;
  /** `null` where it diverged. */
  readonly measured: number | null;
}

type Fit = FittedLaw<ConvergenceEscapeConstants, FittedRun>;

const name = 'convergence-escape';
/** h, p, q and n. */
const escapeConstants = 4;
/** F1 of divergence on the runs fitted on below which a reader is warned. */
const poor = 0.8;
/** Probability of divergence that a suggestion may have at most. */
const mostRisk = 0.05;

const place = {
  parameters: 'size of the model, counted as the fitted ones were',
  batchTokens: 'tokens per step',
  totalSteps: count('steps of the run'),
} as const;

/**
 * Final loss and divergence of a learning-rate schedule, from the runs of a sweep: in the spirit of Opt-Laws (Xie et al. 2024,
 * arXiv 2409.04777), which predict both from a stochastic differential equation of training. Their formula is not used here:
 * the features are this package's own, and stated with their reasons at `ConvergenceParameters` and `EscapeParameters`.
 *
 * Fitted on runs of several peaks, shapes and warm-ups; more of them than constants, and ten or more that converged.
 */
export const convergenceEscapeLaw = defineLaw({
  name,
  title: 'Final loss and divergence of a learning-rate schedule',
  formula:
    'L = E + F (N / N0)^(-1/3) + A S^-alpha + V (B0 / B) sum_k lr_k^2 (1 + S_k / c)^-b, S = sum_k lr_k / (1 + (lr_k / edge)^2); ' +
    'P(diverges) = 1 - exp(-sum_k exp(h + p log(lr_k / lr0) + q log rise_k + n log(N / N0)))',
  source: 'features of this package, in the spirit of Opt-Laws, Xie et al. 2024, arXiv 2409.04777',
  columns: sweepColumns,
  status: 'all',
  options: {
    delta: positive('residual of log loss beyond which a run counts linearly', 0.01),
    // Adam's memory at beta2 0.95.
    adaptationSteps: whole(
      'steps of the average that a rate is compared with to see how fast it rises',
      20,
      1,
    ),
  },
  bootstrap: 100,
  read: (table, { columns }) => ({ rows: sweepRuns(table, columns) }),
  fit(runs: readonly ScheduleRun[], { options, samples, seed, split }) {
    const { fitted, heldOut } = split(runs, (run) => trainingFlops(run));
    const read = readRuns(name, fitted, options.adaptationSteps);
    const convergence = fitConvergence(read, options.delta);
    const constantCount = convergence.count + escapeConstants;
    if (read.length <= constantCount) {
      throw new Error(
        `${name}: ${constantCount} constants cannot be fitted on ${read.length} runs: at least ${constantCount + 1} are needed, and ` +
          `${2 * constantCount} to trust them`,
      );
    }
    const { adaptationSteps } = options;
    const constants = { convergence: convergence.parameters, escape: fitEscape(read), adaptationSteps };
    const again = (sample: readonly ReadRun[]) => ({
      convergence: convergence.again(sample),
      ...{ escape: fitEscape(sample), adaptationSteps },
    });
    const { f1 } = divergenceScores(convergenceEscapeFrom(constants), fitted);
    return {
      ...{ constants, objective: convergence.objective, details: undefined },
      samples: resample(read, again, { samples, seed }),
      fitted: fitted.map(recorded(constants)),
      heldOut: heldOut.map(recorded(constants)),
      warnings: [
        ...countWarning({ constants: constantCount }, read.length, 'runs'),
        ...convergence.warnings,
        ...(read.some(({ loss }) => loss === null)
          ? []
          : ['no run diverged, so the predicted divergence of others is little more than a guess']),
        ...(f1 < poor
          ? [`of the runs fitted on, divergence is predicted with an F1 of only ${f1.toFixed(2)}`]
          : []),
      ],
    };
  },
  estimates: () => estimates,
  measured: ({ measured, loss, peak }: FittedRun) =>
    measured === null ? [] : [{ observed: measured, predicted: loss, at: peak }],
  compute: (run) => trainingFlops(run),
  quantity: 'loss of the runs that did not diverge',
  predict: question(
    {
      ...place,
      learningRate: 'peak learning rate',
      warmupSteps: optionalCount('steps of the warm-up; none where left out'),
      decaySteps: optionalCount('steps of a straight decay to 0 at the end; a cosine to 0 where left out'),
    },
    (asked, fit: Fit) => {
      const schedule = asked.decaySteps === undefined ? 'cosine' : 'warmupStableDecay';
      return {
        values: outcome(fit, candidateOf(asked, { ...asked, schedule })),
        warnings: outside(fit, asked, asked.learningRate),
      };
    },
  ),
  suggest: question(place, (asked, fit: Fit) => {
    const peaks = peaksOf(fit);
    const tried = candidates(asked.totalSteps, peaks).map((row) => ({ ...candidateOf(asked, row), row }));
    const ranked = rankSchedules(convergenceEscapeFrom(fit.constants), tried);
    const safe = ranked.find(({ divergence }) => divergence <= mostRisk);
    const { candidate } = safe ?? leastBy(ranked, ({ divergence }) => divergence);
    const { learningRate, warmupSteps, decaySteps } = candidate.row;
    const isAtEdge = [peaks.low, peaks.high].some((peak) => Math.abs(Math.log(learningRate / peak)) < 1e-9);
    return {
      settings: [
        { name: 'learningRate', value: learningRate, unit: '' },
        { name: 'warmupSteps', value: warmupSteps, unit: 'steps' },
        { name: 'decaySteps', value: decaySteps ?? asked.totalSteps - warmupSteps, unit: 'steps' },
      ],
      expected: outcome(fit, candidate),
      reason:
        `the lowest predicted loss of ${tried.length} schedules, cosines and constant rates with a straight decay, ` +
        `that diverge with a probability of at most ${mostRisk}`,
      schedule: describeSchedule(candidate.row, name),
      warnings: [
        ...(safe
          ? []
          : [`every schedule tried diverges with a probability above ${mostRisk}; this one least`]),
        ...(isAtEdge ? ['the learning rate is at the edge of those fitted on'] : []),
        ...outside(fit, asked, learningRate),
      ],
    };
  }),
  charts,
  members: (fit) => ({
    /** Predicts how any schedule ends, given as its rates or its description. */
    predictor: convergenceEscapeFrom(fit.constants),
  }),
  saved: {
    constants: z.looseObject({
      convergence: numbers('E', 'F', 'A', 'alpha', 'V', 'b', 'c', 'edge', 'epsilon', 'N0', 'B0'),
      escape: numbers('h', 'p', 'q', 'n', 'lr0', 'N0'),
      adaptationSteps: positiveNumber,
    }),
    unit: z.looseObject({
      ...positiveNumbers('parameters', 'tokens', 'steps', 'peak').shape,
      ...numbers('loss', 'divergence').shape,
      measured: z.nullable(positiveNumber),
    }),
  },
});

/** The fit of {@link convergenceEscapeLaw}. */
export type ConvergenceEscapeFit = ReturnType<typeof convergenceEscapeLaw.restore>;

function recorded(constants: ConvergenceEscapeConstants) {
  const { predict } = convergenceEscapeFrom(constants);
  return (run: ScheduleRun): FittedRun => {
    const { parameters, tokens, loss } = run;
    const { peak, counts } = courseOf(name, run, 1);
    return { ...predict(run), parameters, tokens, steps: sum(counts), peak, measured: loss };
  };
}

/** The numbers that users know the law by. */
const estimates = [
  ...namedEstimates(
    {
      E: 'loss that neither training nor size removes, nats/token',
      F: 'loss from the size at N0; 0 where all runs are of one size',
      A: 'scale of the loss that drift removes: A S^-alpha',
      alpha: 'exponent of the drift',
      V: 'noise that a step adds, by its rate squared',
      b: 'exponent with which later rates contract the noise',
      c: 'summed rate over which the noise begins to contract',
      edge: 'rate above which steps go back and forth, at N0',
      epsilon: 'exponent of the size in the edge; 0 where all runs are of one size',
    },
    ({ convergence }: ConvergenceEscapeConstants) => convergence,
  ),
  ...namedEstimates(
    {
      h: 'log of the risk of a steady step at lr0 and N0',
      p: 'exponent of the rate in the risk',
      q: 'exponent of the rise of the rate in the risk',
      n: 'exponent of the size in the risk',
    },
    ({ escape: risks }: ConvergenceEscapeConstants) => risks,
  ),
];

type Place = Pick<SweepRow, 'parameters' | 'batchTokens' | 'totalSteps'>;

function candidateOf(
  { parameters, batchTokens, totalSteps }: Place,
  row: Parameters<typeof describeSchedule>[0],
): ScheduleCandidate {
  const schedule = describeSchedule(row, name);
  return { schedule, steps: totalSteps, parameters, tokens: batchTokens * totalSteps };
}

/** The final loss of a schedule, if it does not diverge, and the probability that it does. */
function outcome(fit: Fit, candidate: ScheduleCandidate): PredictedValue[] {
  const said = (own: ConvergenceEscapeConstants) => convergenceEscapeFrom(own).predict(candidate);
  return [
    fit.value('loss', 'nats/token', (own) => said(own).loss),
    fit.value('divergence', 'probability', (own) => said(own).divergence),
  ];
}

function peaksOf({ fitted }: Fit) {
  return rangeOf(fitted.map(({ peak }) => peak));
}

function outside(fit: Fit, { parameters, batchTokens, totalSteps }: Place, peak: number): string[] {
  const asked = { parameters, tokens: batchTokens * totalSteps, steps: totalSteps };
  return [...outsidePeaks(peak, peaksOf(fit)), ...fit.outside(asked)];
}

/** Cosines, and constant rates with a decay over shares of the run, of several warm-ups and peaks within the range. */
function candidates(totalSteps: number, { low, high }: Extent) {
  const peaks = spread(low, high, 13);
  const shapes = [
    { schedule: 'cosine', decaySteps: undefined },
    ...[0.1, 0.2, 0.4, 0.8].map((share) => ({
      schedule: 'warmupStableDecay',
      decaySteps: Math.max(1, Math.round(share * totalSteps)),
    })),
  ];
  return [0.01, 0.03, 0.1, 0.2].flatMap((share) =>
    shapes.flatMap((shape) =>
      peaks.map((learningRate) => ({
        totalSteps,
        learningRate,
        warmupSteps: Math.round(share * totalSteps),
        ...shape,
      })),
    ),
  );
}

/** Predicted losses, residuals, and divergence over the peak. */
function charts(fit: Fit): LawChart[] {
  const runs = [...fit.fitted, ...fit.heldOut];
  return [
    predictedAgainstMeasured(fit, axes.loss, 'Predicted against measured final loss'),
    residuals(fit, axes.peak, 'Residuals over the peak learning rate'),
    {
      kind: 'extrapolation',
      title: 'Predicted probability of divergence',
      x: axes.peak,
      y: { name: 'probability', unit: '', scale: 'linear' },
      series: (['diverged', 'converged'] as const).flatMap((end) => {
        const own = runs.filter(({ measured }) => (measured === null) === (end === 'diverged'));
        return own.length === 0 ? [] : [points(end, own, ({ peak, divergence }) => [peak, divergence])];
      }),
    },
  ];
}
