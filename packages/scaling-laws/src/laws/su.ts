import * as z from 'zod/mini';
import { resample } from '../fitting/bootstrap.ts';
import { gridStarts } from '../fitting/minimize.ts';
import { rangeOf } from '../fitting/numbers.ts';
import { defineLaw } from '../law/define-law.ts';
import { countWarning, rangeWarning } from '../law/fit-warnings.ts';
import { type FittedLaw, namedEstimates } from '../law/fitted-law.ts';
import { data, nonNegative, positive } from '../law/option-specs.ts';
import { optional, question } from '../law/question.ts';
import { numbers, positiveNumbers } from '../law/saved-fit.ts';
import { runColumns } from '../table/run-columns.ts';
import { suCharts } from './su/charts.ts';
import {
  type CenteredTerms,
  centerOf,
  computeOf,
  runsOf,
  type SuRow,
  searchTrajectory,
  toTerms,
} from './su/search.ts';
import {
  type BatchTerm,
  boundlessSteps,
  estimateBatchTerm,
  estimateModelTerm,
  estimateStepTerm,
} from './su/terms.ts';
import {
  criticalBatch,
  minimumLoss,
  minimumSteps,
  minimumTokens,
  type SuConstants,
  stepsToLoss,
  type TrainingPoint,
  tokensToLoss,
  trajectoryLoss,
} from './su/trajectory.ts';

/** A model that was trained until its loss fell no more. */
interface ConvergedModel {
  readonly parameters: number;
  readonly loss: number;
}

/** The estimates term by term, from which the fit of all constants together started. */
export interface SeparateEstimates {
  readonly constants: SuConstants;
  readonly batch: BatchTerm;
}

type Fit = FittedLaw<SuConstants, SuRow, SeparateEstimates>;

const meanings: Readonly<Record<keyof SuConstants, string>> = {
  Nc: 'scale of the loss that a model comes down to, parameters: (Nc / N)^alphaN',
  alphaN: 'exponent of the parameters',
  Sc: 'scale of the loss left after some steps of a boundless batch, steps: (Sc / Smin)^alphaS',
  alphaS: 'exponent of the steps',
  Bstar: 'critical batch at a loss of 1 nat, tokens: Bstar / L^(1 / alphaB)',
  alphaB: 'inverse exponent of the loss in the critical batch',
};
const constantNames = Object.keys(meanings) as (keyof SuConstants)[];

/** Rows that leave something to judge six constants by. */
const fewestRows = 12;
const size = 'size of the model, counted as the fitted ones were';

/**
 * Loss on the way, for any model size and batch (Kaplan et al. 2020; Su et al. 2024).
 *
 * Each term is estimated by itself first, as Su et al. do: the batch's from contours of equal loss, then those of model and
 * steps from the curves with their steps made comparable. From there all six constants move together to the least sum of
 * Huber losses of log loss on the implicit trajectory. Losses must not depend on how long a run was meant to be, so the
 * learning rate should be constant after its warm-up.
 */
export const suLaw = defineLaw({
  name: 'su',
  title: 'Loss on the way, for any model size and batch',
  formula: 'L = (Nc / N)^alphaN + (Sc (1 + Bcrit / B) / S)^alphaS, Bcrit = Bstar / L^(1 / alphaB)',
  source: 'Kaplan et al. 2020, arXiv 2001.08361; Su et al. 2024, arXiv 2403.06563',
  columns: [
    { ...runColumns.parameters, meaning: 'size of the model, N, best without embeddings' },
    {
      ...{ name: 'step', key: 'steps', meaning: 'steps done at the point of the curve, S' },
      ...{ quantity: 'steps', aliases: ['steps', 'S'], mustVary: true },
    },
    { ...runColumns.batchTokens, meaning: 'tokens per step, B', mustVary: true },
    { ...runColumns.loss, meaning: 'loss there, nats/token' },
    runColumns.run,
  ],
  points: 'validation',
  options: {
    fromStep: nonNegative('leave out rows of fewer steps, such as those of the warm-up', 0),
    delta: positive('residual of log loss beyond which a row counts linearly', 1e-3),
    converged: data<readonly ConvergedModel[]>('losses of models trained until they fell no more', []),
  },
  bootstrap: 50,
  fit(rows: readonly SuRow[], { options: { fromStep, delta, converged }, samples, seed, split }) {
    const runs = runsOf(rows.filter(({ steps }) => steps >= fromStep));
    const { fitted, heldOut } = split(runs, (run) => rangeOf(run.map(computeOf)).high);
    const curves = fitted.flat();
    checkCurves(curves);
    const ends = converged.map((end) => ({ ...end, steps: Number.POSITIVE_INFINITY, batchTokens: 1 }));
    const center = centerOf(curves);
    const batch = estimateBatchTerm(curves);
    const separate = separateConstants(curves, converged, batch, delta);
    const starts = startsAround(toTerms(separate, center));
    const search = searchTrajectory([...curves, ...ends], starts, { center, delta });
    const { constants, objective, again, warnings } = search;
    return {
      ...{ constants, objective, fitted: curves, heldOut: heldOut.flat() },
      samples: resample(fitted, (drawn) => again([...drawn.flat(), ...ends]), { samples, seed }),
      details: { constants: separate, batch },
      warnings: [...warnings, ...rangeWarnings([...curves, ...ends], curves, ends.length)],
    };
  },
  estimates: () => namedEstimates(meanings, (own: SuConstants) => own),
  measured: (row: SuRow, constants: SuConstants) => [
    { observed: row.loss, predicted: trajectoryLoss(constants, row), at: row.steps },
  ],
  compute: computeOf,
  /**
   * Of `{ parameters, steps, batchTokens }` the loss; of `{ parameters, loss, batchTokens }` the steps and tokens to it; of
   * `{ parameters, loss }` the fewest of both; of `{ parameters }` the loss that the model comes down to.
   */
  predict: question(
    {
      parameters: size,
      steps: optional('steps to train, for the loss after them'),
      loss: optional('loss to reach, for the steps and tokens to it'),
      batchTokens: optional('tokens per step'),
    },
    ({ parameters, steps, loss, batchTokens }, fit: Fit) => {
      const warnings = fit.outside({ parameters, steps, batchTokens });
      const least = () => fit.value('minimumLoss', 'nats/token', (own) => minimumLoss(own, parameters));
      const critical = (at: number) => fit.value('criticalBatch', 'tokens', (own) => criticalBatch(own, at));
      if (steps !== undefined && loss !== undefined) {
        throw new Error('su: ask with steps or with loss, not both');
      }
      if (steps !== undefined) {
        if (batchTokens === undefined) {
          throw new Error('su: the loss after some steps depends on batchTokens too: give it');
        }
        const at = lossAt(fit, { parameters, steps, batchTokens });
        return {
          values: [{ name: 'loss', unit: 'nats/token', ...at }, critical(at.value), least()],
          warnings,
        };
      }
      if (loss === undefined) return { values: [least()], warnings };
      const goal = { parameters, loss };
      const way =
        batchTokens === undefined
          ? [
              fit.value('minimumSteps', 'steps', (own) => minimumSteps(own, goal)),
              fit.value('minimumTokens', 'tokens', (own) => minimumTokens(own, goal)),
            ]
          : [
              fit.value('steps', 'steps', (own) => stepsToLoss(own, { ...goal, batchTokens })),
              fit.value('tokens', 'tokens', (own) => tokensToLoss(own, { ...goal, batchTokens })),
            ];
      return { values: [...way, critical(loss)], warnings };
    },
  ),
  suggest: question({ parameters: size, loss: 'loss to reach' }, (goal, fit: Fit) => ({
    settings: [fit.value('batchTokens', 'tokens', (own) => criticalBatch(own, goal.loss))],
    expected: [
      fit.value('steps', 'steps', (own) => 2 * minimumSteps(own, goal)),
      fit.value('tokens', 'tokens', (own) => 2 * minimumTokens(own, goal)),
    ],
    reason: 'the critical batch: twice the fewest steps and twice the fewest tokens to the loss',
    warnings: fit.outside({ parameters: goal.parameters }),
  })),
  charts: (fit: Fit) => suCharts(fit),
  members: (fit) => ({
    /** The estimates term by term, from which the fit of all constants together started. */
    separate: fit.details,
    /** Loss in nats per token of a run that has come so far, with the interval in which its measurement lies. */
    loss: (point: TrainingPoint) => lossAt(fit, point),
  }),
  saved: {
    constants: numbers(...constantNames),
    unit: positiveNumbers('parameters', 'steps', 'batchTokens', 'loss'),
    details: z.looseObject({ constants: numbers(...constantNames), batch: numbers('Bstar', 'alphaB') }),
  },
});

/** The fit of {@link suLaw}. */
export type SuFit = ReturnType<typeof suLaw.restore>;

function checkCurves(rows: readonly SuRow[]): void {
  if (rows.length < fewestRows) {
    throw new Error(`su: six constants need at least ${fewestRows} rows, got ${rows.length}`);
  }
  if (new Set(rows.map(({ parameters }) => parameters)).size < 2) {
    throw new Error(
      'su: the rows have one model size only, so the exponent of the model size cannot be found',
    );
  }
}

/** The constants term by term. */
function separateConstants(
  curves: readonly SuRow[],
  converged: readonly ConvergedModel[],
  batch: BatchTerm,
  delta: number,
): SuConstants {
  const { Bstar, alphaB } = batch;
  if (converged.length > 0) {
    const model = estimateModelTerm(converged);
    return { ...model, ...estimateStepTerm(curves, model, batch, { delta }), Bstar, alphaB };
  }
  const boundless = curves.map((row) => ({
    ...row,
    steps: boundlessSteps(row, batch),
    batchTokens: Number.POSITIVE_INFINITY,
  }));
  const center = centerOf(boundless);
  const starts = gridStarts([
    [0.3, 0.6, 0.9],
    [0.05, 0.2, 0.5],
    [0.3, 0.7],
  ]) as [share: number, alphaN: number, alphaS: number][];
  // At a boundless batch the batch's term has no slope, so it stays.
  const { constants } = searchTrajectory(
    boundless,
    starts.map(([share, alphaN, alphaS]) => ({
      "the model's term": share * center.loss,
      "the steps' term": (1 - share) * center.loss,
      'the critical batch': 1,
      ...{ alphaN, alphaS, alphaB },
    })),
    { center, delta },
  );
  return { ...constants, Bstar, alphaB };
}

/** The separate estimate, and others with a critical batch and exponents a little off. */
function startsAround(at: CenteredTerms): CenteredTerms[] {
  const factors = gridStarts([
    [-0.3, 0.3],
    [-1, 1],
    [-0.4, 0.4],
  ]).map((logs) => logs.map(Math.exp) as [number, number, number]);
  const moved = factors.map(([alphaS, batch, alphaB]) => ({
    ...{ ...at, alphaS: at.alphaS * alphaS, alphaB: at.alphaB / alphaB },
    'the critical batch': at['the critical batch'] * batch,
  }));
  return [at, ...moved];
}

function rangeWarnings(rows: readonly SuRow[], curves: readonly SuRow[], ends: number): string[] {
  const sizes = rows.map(({ parameters }) => parameters);
  return [
    ...countWarning({ constants: 2, fitted: "constants of the model's term" }, new Set(sizes).size, 'sizes'),
    ...countWarning({ constants: 6 }, runsOf(curves).length + ends, 'runs'),
    ...rangeWarning(rows, 'parameters', 'Nc and alphaN'),
    ...rangeWarning(curves, 'batchTokens', 'Bstar and alphaB'),
  ];
}

/** The loss at a point, with the spread of the resamples and the scatter of the fitted losses around the law. */
function lossAt(fit: Fit, point: TrainingPoint) {
  const value = trajectoryLoss(fit.constants, point);
  const interval = fit.interval((constants) => trajectoryLoss(constants, point));
  if (interval === undefined) return { value };
  const scatter = 1.96 * fit.goodness.rootMeanSquareLogError;
  return {
    value,
    low: value * Math.exp(-Math.hypot(Math.max(0, Math.log(value / interval.low)), scatter)),
    high: value * Math.exp(Math.hypot(Math.max(0, Math.log(interval.high / value)), scatter)),
  };
}
