import { mean } from '@steepest/statistics';
import { nonIncreasingPools } from '../../fitting/isotonic.ts';
import { linearized, logHuberObjective } from '../../fitting/log-huber.ts';
import { minimize } from '../../fitting/minimize.ts';
import { dot, groupsBy, norm, rangeOf } from '../../fitting/numbers.ts';
import { type Dual, differentiated } from '../../law/dual.ts';
import type { SuRow } from './search.ts';

/** The batches of one model that were trained down to one loss, and what they say of the critical batch there. */
export interface LossContour {
  readonly parameters: number;
  /** The loss, in nats per token. */
  readonly loss: number;
  /** Steps that each batch took to the loss. */
  readonly points: readonly { readonly batchTokens: number; readonly steps: number }[];
  /** Steps that a boundless batch would take. */
  readonly minimumSteps: number;
  /** Tokens that a vanishing batch would read. */
  readonly minimumTokens: number;
  /** `minimumTokens / minimumSteps`, in tokens. */
  readonly criticalBatch: number;
  /** Standard error of the log of the critical batch. */
  readonly logStandardError: number;
}

/** Batches that a contour needs: two fix it, and the third tests it. */
const minimumBatches = 3;
/** Losses at which the runs of one model are compared. */
const levels = 8;
/** Residual of log steps beyond which a batch counts linearly. */
const delta = 0.05;
/** Beyond this the batches of a contour lie all on one side of the critical one, and do not say where it is. */
const mostLogStandardError = 1;

/**
 * The contours of equal loss of every model that was trained with several batches. Each is the hyperbola
 * `(S / Smin - 1)(E / Emin - 1) = 1` of McCandlish et al. 2018 (arXiv 1812.06162, equation 2.11), fitted as
 * `S = Smin + Emin / B`.
 *
 * @returns those whose batches bound the critical one; none where no model has three batches that pass the same loss
 */
export function lossContours(rows: readonly SuRow[]): LossContour[] {
  const fits = groupsBy(rows, ({ parameters }) => parameters).flatMap(contoursOfModel);
  // Of all contours together, as one alone has hardly more points than unknowns.
  const residuals = fits.flatMap((fit) => fit.residuals);
  const deviation = norm(residuals) / Math.sqrt(Math.max(1, residuals.length - 2 * fits.length));
  return fits
    .map((fit) => ({ ...fit.contour, logStandardError: deviation * fit.leverage }))
    .filter(({ logStandardError }) => logStandardError <= mostLogStandardError);
}

function contoursOfModel(rows: readonly SuRow[]) {
  const { parameters } = rows[0]!;
  const curves = groupsBy(rows, ({ batchTokens }) => batchTokens).flatMap((ofBatch) =>
    ofBatch.length < 2 ? [] : [{ batchTokens: ofBatch[0]!.batchTokens, curve: fallingCurve(ofBatch) }],
  );
  if (curves.length < minimumBatches) return [];
  // Between these losses at least three curves pass.
  const nth = minimumBatches - 1;
  const low = curves.map(({ curve }) => curve.lowest).sort((a, b) => a - b)[nth]!;
  const high = curves.map(({ curve }) => curve.highest).sort((a, b) => b - a)[nth]!;
  if (!(low < high)) return [];
  const logLosses = Array.from(
    { length: levels },
    (_, index) => low + ((high - low) * (index + 0.5)) / levels,
  );
  return logLosses.flatMap((logLoss) => {
    const points = curves
      .filter(({ curve }) => curve.lowest <= logLoss && logLoss <= curve.highest)
      .map(({ batchTokens, curve }) => ({ batchTokens, steps: Math.exp(curve.logStepsTo(logLoss)) }));
    return points.length < minimumBatches ? [] : [contourThrough(parameters, Math.exp(logLoss), points)];
  });
}

/** Log of Smin + Emin / B, by the logs of Smin and Emin. */
const logSteps = differentiated(
  ({ batchTokens }: LossContour['points'][number], [steps, tokens]: readonly [Dual, Dual]) =>
    steps.exp().plus(tokens.exp().over(batchTokens)),
);

function contourThrough(parameters: number, loss: number, points: LossContour['points']) {
  const problem = { observed: ({ steps }: LossContour['points'][number]) => steps, predict: logSteps, delta };
  const fewestSteps = rangeOf(points.map(({ steps }) => steps)).low;
  const fewestTokens = rangeOf(points.map(({ steps, batchTokens }) => steps * batchTokens)).low;
  const { point } = minimize(logHuberObjective(points, problem), [
    Math.log(fewestSteps / 2),
    Math.log(fewestTokens / 2),
  ]);
  const { jacobian, residuals } = linearized(points, problem, point);
  const [minimumSteps, minimumTokens] = [Math.exp(point[0]!), Math.exp(point[1]!)];
  const criticalBatch = minimumTokens / minimumSteps;
  return {
    contour: { parameters, loss, points, minimumSteps, minimumTokens, criticalBatch },
    residuals,
    /** Standard error of the log of the critical batch for residuals of 1. */
    leverage: leverageOfRatio(jacobian),
  };
}

/** Standard deviation of the difference of two parameters, for independent residuals of deviation 1. */
function leverageOfRatio(jacobian: readonly Float64Array[]): number {
  const [x, y] = [jacobian.map((row) => row[0]!), jacobian.map((row) => row[1]!)];
  const [a, b, c] = [dot(x, x), dot(x, y), dot(y, y)];
  const determinant = a * c - b * b;
  return determinant > 1e-12 * a * c ? Math.sqrt((a + c + 2 * b) / determinant) : Number.POSITIVE_INFINITY;
}

/** A loss curve made to fall everywhere, so that it passes each loss once. */
export interface FallingCurve {
  /** Log of the lowest and of the highest loss that it passes. */
  readonly lowest: number;
  readonly highest: number;
  /** Log of the steps at which it passes a loss between these two. */
  logStepsTo(logLoss: number): number;
}

/** The falling curve nearest to a noisy one, with straight lines in logarithms of steps and loss between its points. */
export function fallingCurve(
  points: Iterable<{ readonly steps: number; readonly loss: number }>,
): FallingCurve {
  const sorted = [...points].sort((a, b) => a.steps - b.steps);
  const pools = nonIncreasingPools(
    sorted.map(({ loss }) => Math.log(loss)),
    true,
  );
  const knots = pools.map(({ first, count, mean: logLoss }) => ({
    logLoss,
    logSteps: mean(sorted.slice(first, first + count).map(({ steps }) => Math.log(steps))),
  }));
  return {
    lowest: knots.at(-1)?.logLoss ?? Number.NaN,
    highest: knots[0]?.logLoss ?? Number.NaN,
    logStepsTo(logLoss) {
      const after = knots.findIndex((knot) => knot.logLoss <= logLoss);
      const [left, right] = [knots[after - 1], knots[after]];
      if (right === undefined) return Number.NaN;
      if (left === undefined) return right.logLoss === logLoss ? right.logSteps : Number.NaN;
      const share = (left.logLoss - logLoss) / (left.logLoss - right.logLoss);
      return left.logSteps + share * (right.logSteps - left.logSteps);
    },
  };
}
