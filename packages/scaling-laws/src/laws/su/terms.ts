import { mean } from '@steepest/statistics';
import { logHuberObjective } from '../../fitting/log-huber.ts';
import { minimizeFromMany } from '../../fitting/minimize.ts';
import { fitPowerLaw } from '../../fitting/power-law.ts';
import { type Dual, differentiated } from '../../law/dual.ts';
import { type LossContour, lossContours } from './contours.ts';
import type { SuRow } from './search.ts';
import { type BatchConstants, criticalBatch, minimumLoss, type SuConstants } from './trajectory.ts';

/** What the loss of a model comes down to: `(Nc / N)^alphaN`. */
export type ModelTerm = Pick<SuConstants, 'Nc' | 'alphaN'>;

/** What is left of the loss after some steps of a boundless batch: `(Sc / Smin)^alphaS`. */
export type StepTerm = Pick<SuConstants, 'Sc' | 'alphaS'>;

/** The critical batch of a loss: `Bstar / L^(1 / alphaB)`. */
export interface BatchTerm extends BatchConstants {
  readonly contours: readonly LossContour[];
}

/** Least standard error of a contour's log critical batch: contours of the same runs err together. */
const leastLogError = 0.05;

/**
 * Estimates the model's term from losses of models trained until they fell no more (Su et al. 2024, step 1): a straight
 * line in logarithms.
 *
 * @throws Error when there are fewer than two sizes, or larger models have no lower loss
 */
export function estimateModelTerm(
  converged: readonly { readonly parameters: number; readonly loss: number }[],
): ModelTerm {
  const { exponents, coefficient } = fitPowerLaw({
    factors: { parameters: converged.map(({ parameters }) => parameters) },
    response: converged.map(({ loss }) => loss),
  });
  const alphaN = -exponents.parameters;
  if (!(alphaN > 0)) {
    throw new Error(
      `su: the loss does not fall with the model size in the converged runs (${-alphaN} is its slope)`,
    );
  }
  return { Nc: coefficient ** (1 / alphaN), alphaN };
}

/**
 * Estimates the steps' term from loss curves, given the model's term, and the critical batch where the batches of the rows
 * are not boundless (Su et al. 2024, step 2). Steps count as `S / (1 + Bcrit(L) / B)` with the loss that was measured.
 *
 * @param options `delta` of the Huber loss in log loss, by default 1e-3
 */
export function estimateStepTerm(
  rows: readonly SuRow[],
  model: ModelTerm,
  batch?: BatchConstants,
  { delta = 1e-3 }: { readonly delta?: number } = {},
): StepTerm {
  const logSteps = rows.map((row) => Math.log(boundlessSteps(row, batch)));
  const center = mean(logSteps);
  const points = rows.map(({ parameters, loss }, index) => ({
    loss,
    least: minimumLoss(model, parameters),
    toSteps: logSteps[index]! - center,
  }));
  const { point } = minimizeFromMany(
    logHuberObjective(points, { observed: ({ loss }) => loss, predict: logStepLoss, delta }),
    [0.2, 0.4, 0.8, 1.6].flatMap((alphaS) => [-2, -1, 0, 1].map((atCenter) => [atCenter, Math.log(alphaS)])),
  );
  const alphaS = Math.exp(point[1]!);
  return { Sc: Math.exp(center + point[0]! / alphaS), alphaS };
}

/** Log of the model's term and the steps', by the log of the latter at the center and the log of its exponent. */
const logStepLoss = differentiated(
  (
    { least, toSteps }: { readonly least: number; readonly toSteps: number },
    [atCenter, logAlphaS]: readonly [Dual, Dual],
  ) => atCenter.minus(logAlphaS.exp().times(toSteps)).exp().plus(least),
);

/**
 * Estimates the critical batch from the steps that several batches took to the same losses (Su et al. 2024, step 3): a
 * hyperbola at each loss gives the critical batch there, and a straight line in logarithms goes through these.
 *
 * @throws Error when no model was trained with three batches to common losses, or the batches are all far above or all far
 *   below the critical one
 */
export function estimateBatchTerm(rows: readonly SuRow[]): BatchTerm {
  const contours = lossContours(rows);
  if (contours.length < 2) {
    throw new Error(
      'su: the critical batch needs a model trained with at least three batches, some smaller and some larger than ' +
        `it, that pass the same losses; these rows give ${contours.length} such losses`,
    );
  }
  const { coefficient, exponents } = fitPowerLaw({
    factors: { loss: contours.map(({ loss }) => loss) },
    response: contours.map((contour) => contour.criticalBatch),
    weights: contours.map(({ logStandardError }) => 1 / (logStandardError ** 2 + leastLogError ** 2)),
  });
  if (!(exponents.loss < 0)) {
    throw new Error(
      `su: the critical batch grows with the loss in these rows (exponent ${exponents.loss.toPrecision(3)}), ` +
        'which the law does not allow; the losses may be too close together, or the curves too noisy',
    );
  }
  return { Bstar: coefficient, alphaB: -1 / exponents.loss, contours };
}

/** Steps that a boundless batch would have taken to the loss of a row. */
export function boundlessSteps({ steps, batchTokens, loss }: SuRow, batch?: BatchConstants): number {
  return batch === undefined ? steps : steps / (1 + criticalBatch(batch, loss) / batchTokens);
}
