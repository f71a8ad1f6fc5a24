import { mean } from '@steepest/statistics';
import { groupsBy } from '../../fitting/numbers.ts';
import { flopsPerParameterToken } from '../../table/run-columns.ts';
import { type SuConstants, solveLogLoss, type TrainingPoint } from './trajectory.ts';

/** A measured point of a run. */
export interface SuRow extends TrainingPoint {
  /** In nats per token. */
  readonly loss: number;
  /** Name of the run that the point is of; by default a run is all points of one model and batch. */
  readonly run?: string | undefined;
}

/** Compute of a run up to a row, in FLOPs: 6 parameters tokens. */
export function computeOf({ parameters, steps, batchTokens }: SuRow): number {
  return flopsPerParameterToken * parameters * steps * batchTokens;
}

/** The rows of each run. Rows that do not name theirs are of one run where model and batch are the same. */
export function runsOf(rows: readonly SuRow[]): SuRow[][] {
  return groupsBy(rows, ({ run, parameters, batchTokens }) => run ?? `${parameters} ${batchTokens}`);
}

/** A model size, a number of steps and a loss in the middle of the data; each term is written at its own. */
export interface Center {
  readonly logParameters: number;
  readonly logSteps: number;
  readonly logLoss: number;
}

/** The geometric means of the rows that have an end. */
export function centerOf(rows: readonly SuRow[]): Center {
  const finite = rows.filter(({ steps }) => steps < Number.POSITIVE_INFINITY);
  return {
    logParameters: mean(finite.map(({ parameters }) => Math.log(parameters))),
    logSteps: mean(finite.map(({ steps }) => Math.log(steps))),
    logLoss: mean(finite.map(({ loss }) => Math.log(loss))),
  };
}

/**
 * The constants as coordinates that a fit moves freely: of the model's and the steps' terms the log of their value at the
 * center and of their exponent, of the critical batch the same. N_c and alpha_N themselves are too correlated to fit.
 */
export function toCoordinates(constants: SuConstants, center: Center): Float64Array {
  const { Nc, alphaN, Sc, alphaS, Bstar, alphaB } = constants;
  return Float64Array.of(
    alphaN * (Math.log(Nc) - center.logParameters),
    Math.log(alphaN),
    alphaS * (Math.log(Sc) - center.logSteps),
    Math.log(alphaS),
    Math.log(Bstar) - center.logLoss / alphaB,
    -Math.log(alphaB),
  );
}

/** The inverse of {@link toCoordinates}. */
export function fromCoordinates(coordinates: Float64Array, center: Center): SuConstants {
  const [model, logAlphaN, step, logAlphaS, batch, logSlope] = [...coordinates] as Six;
  const alphaN = Math.exp(logAlphaN);
  const alphaS = Math.exp(logAlphaS);
  const batchSlope = Math.exp(logSlope);
  return {
    Nc: Math.exp(center.logParameters + model / alphaN),
    alphaN,
    Sc: Math.exp(center.logSteps + step / alphaS),
    alphaS,
    Bstar: Math.exp(batch + batchSlope * center.logLoss),
    alphaB: 1 / batchSlope,
  };
}

/** A point in logarithms, size and steps from the center. */
export interface CenteredPoint {
  readonly toSize: number;
  readonly toSteps: number;
  readonly logBatch: number;
}

/** The point as {@link logLossAt} takes it. */
export function centeredPoint(
  { parameters, steps, batchTokens }: TrainingPoint,
  center: Center,
): CenteredPoint {
  return {
    toSize: Math.log(parameters) - center.logParameters,
    toSteps: Math.log(steps) - center.logSteps,
    logBatch: Math.log(batchTokens),
  };
}

/**
 * Log of the loss at a point, and its derivatives to the coordinates by the implicit function theorem.
 *
 * @param gradient filled with the six derivatives
 */
export function logLossAt(
  { toSize, toSteps, logBatch }: CenteredPoint,
  coordinates: Float64Array,
  gradient: Float64Array,
  center: Center,
): number {
  const alphaN = Math.exp(coordinates[1]!);
  const alphaS = Math.exp(coordinates[3]!);
  const batchSlope = Math.exp(coordinates[5]!);
  const { logLoss, stepShare, logPenalty, waste } = solveLogLoss({
    model: coordinates[0]! - alphaN * toSize,
    step: coordinates[2]! - alphaS * toSteps,
    alphaS,
    batch: coordinates[4]! - logBatch + batchSlope * center.logLoss,
    batchSlope,
  });
  const byBatch = stepShare * alphaS * waste;
  const scale = 1 / (1 + byBatch * batchSlope);
  gradient[0] = scale * (1 - stepShare);
  gradient[1] = -scale * (1 - stepShare) * alphaN * toSize;
  gradient[2] = scale * stepShare;
  gradient[3] = stepShare === 0 ? 0 : scale * stepShare * alphaS * (logPenalty - toSteps);
  gradient[4] = scale * byBatch;
  gradient[5] = -scale * byBatch * batchSlope * (logLoss - center.logLoss);
  return logLoss;
}

type Six = [number, number, number, number, number, number];
