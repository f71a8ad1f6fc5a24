import { geometricMean, groupsBy } from '../../fitting/numbers.ts';
import { searchLaw } from '../../law/search.ts';
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

/** A model size, a number of steps and a loss in the middle of the data. */
export type Center = Omit<SuRow, 'batchTokens' | 'run'>;

/** The geometric means of rows. */
export function centerOf(rows: readonly SuRow[]): Center {
  return {
    parameters: geometricMean(rows.map(({ parameters }) => parameters)),
    steps: geometricMean(rows.map(({ steps }) => steps)),
    loss: geometricMean(rows.map(({ loss }) => loss)),
  };
}

/**
 * The law by each term's value at the center of the data and its exponent, on log scales: N_c and alpha_N themselves are too
 * correlated to search for.
 */
const terms = {
  ...{ "the model's term": {}, alphaN: {}, "the steps' term": {}, alphaS: {} },
  ...{ 'the critical batch': {}, alphaB: {} },
};
export type CenteredTerms = Readonly<Record<keyof typeof terms, number>>;

export function toTerms(constants: SuConstants, center: Center): CenteredTerms {
  const { Nc, alphaN, Sc, alphaS, Bstar, alphaB } = constants;
  return {
    ...{ alphaN, alphaS, alphaB },
    "the model's term": (Nc / center.parameters) ** alphaN,
    "the steps' term": (Sc / center.steps) ** alphaS,
    'the critical batch': Bstar / center.loss ** (1 / alphaB),
  };
}

export function fromTerms({ alphaN, alphaS, alphaB, ...at }: CenteredTerms, center: Center): SuConstants {
  return {
    Nc: center.parameters * at["the model's term"] ** (1 / alphaN),
    alphaN,
    Sc: center.steps * at["the steps' term"] ** (1 / alphaS),
    alphaS,
    Bstar: at['the critical batch'] * center.loss ** (1 / alphaB),
    alphaB,
  };
}

/** Log of the loss at a point, and its derivatives by the logs of the terms, by the implicit function theorem. */
export function logLossAt(
  { parameters, steps, batchTokens }: TrainingPoint,
  logTerms: Float64Array,
  gradient: Float64Array,
  center: Center,
): number {
  const [model, logAlphaN, step, logAlphaS, batch, logAlphaB] = logTerms as unknown as Six;
  const [alphaN, alphaS, batchSlope] = [Math.exp(logAlphaN), Math.exp(logAlphaS), Math.exp(-logAlphaB)];
  const toSize = Math.log(parameters / center.parameters);
  const toSteps = Math.log(steps / center.steps);
  const logCenter = Math.log(center.loss);
  const { logLoss, stepShare, logPenalty, waste } = solveLogLoss({
    model: model - alphaN * toSize,
    step: step - alphaS * toSteps,
    alphaS,
    batch: batch - Math.log(batchTokens) + batchSlope * logCenter,
    batchSlope,
  });
  const byBatch = stepShare * alphaS * waste;
  const scale = 1 / (1 + byBatch * batchSlope);
  gradient[0] = scale * (1 - stepShare);
  gradient[1] = -scale * (1 - stepShare) * alphaN * toSize;
  gradient[2] = scale * stepShare;
  gradient[3] = stepShare === 0 ? 0 : scale * stepShare * alphaS * (logPenalty - toSteps);
  gradient[4] = scale * byBatch;
  gradient[5] = scale * byBatch * batchSlope * (logLoss - logCenter);
  return logLoss;
}

type Six = [number, number, number, number, number, number];

/** The constants of least Huber losses on the implicit trajectory. */
export function searchTrajectory(
  rows: readonly SuRow[],
  starts: readonly CenteredTerms[],
  { center, delta }: { readonly center: Center; readonly delta: number },
) {
  const { constants, again, ...found } = searchLaw<keyof CenteredTerms, SuRow>(rows, starts, {
    ...{ constants: terms, delta, finish: 3 },
    predict: (row, point, gradient) => logLossAt(row, point, gradient, center),
  });
  return {
    ...found,
    constants: fromTerms(constants, center),
    again: (sample: readonly SuRow[]) => fromTerms(again(sample), center),
  };
}
