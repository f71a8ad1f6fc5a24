import { bootstrap } from '../../fitting/bootstrap.ts';
import { type HoldOutOptions, splitByCompute } from '../../fitting/hold-out.ts';
import { countWarning, identifiability, rangeWarning } from '../../fitting/identifiability.ts';
import { logHuberObjective } from '../../fitting/log-huber.ts';
import { type Minimum, minimize } from '../../fitting/minimize.ts';
import { gridStarts, minimizeFromMany } from '../../fitting/multi-start.ts';
import { checkKeys, checkPositive, checkWhole } from '../../options.ts';
import {
  type Centre,
  centredPoint,
  centreOf,
  computeOf,
  fromCoordinates,
  logLossAt,
  runsOf,
  type SuRow,
  toCoordinates,
} from './coordinates.ts';
import { SuFit } from './su-fit.ts';
import {
  type BatchTerm,
  boundlessSteps,
  estimateBatchTerm,
  estimateModelTerm,
  estimateStepTerm,
} from './terms.ts';
import type { SuConstants } from './trajectory.ts';

/** Options of {@link fitSu}. */
export interface SuOptions {
  /** Losses of models that were trained until they fell no more; they fix the model's term by themselves. */
  readonly converged?: readonly { readonly parameters: number; readonly loss: number }[];
  /** Rows of fewer steps are left out, such as those of the warm-up; by default 0. */
  readonly fromStep?: number | undefined;
  /** Residual of log loss beyond which a row counts linearly; by default 1e-3. */
  readonly delta?: number | undefined;
  /** Resamples of whole runs for the intervals, 0 for none; by default 50. */
  readonly bootstrap?: number | undefined;
  /** Seed of the resamples; by default 0. */
  readonly seed?: number | undefined;
  /** Share of the resamples inside an interval; by default 0.95. */
  readonly confidence?: number | undefined;
  /** Runs of most compute to keep out of the fit and test it on. */
  readonly holdOut?: HoldOutOptions | undefined;
}

/** Rows that leave something to judge six constants by. */
const minimumRows = 12;

/**
 * Fits the law of Kaplan et al. 2020 and Su et al. 2024 on loss curves of several model sizes and batches.
 *
 * Each term is estimated by itself first, as Su et al. do: the batch's from contours of equal loss, then those of model and
 * steps from the curves with their steps made comparable. From there all six constants move together to the least sum of
 * Huber losses of log loss on the implicit trajectory.
 *
 * @param rows points of the curves; losses must not depend on how long a run was meant to be, so the learning rate should
 *   be constant after its warm-up
 * @throws Error when an option is unknown or the rows cannot determine the terms; the message says what is missing
 */
export function fitSu(rows: readonly SuRow[], options: SuOptions = {}): SuFit {
  const { converged, fromStep, delta, samples, seed, confidence, holdOut } = checkOptions(options);
  checkRows(rows);
  const used = rows.filter(({ steps }) => steps >= fromStep);
  const runs = runsOf(used);
  const split = holdOut ? splitByCompute(runs, computeOfRun, holdOut) : { fitted: runs, heldOut: [] };
  const curves = split.fitted.flat();
  checkCurves(curves);
  const ends = converged.map((end) => ({ ...end, steps: Number.POSITIVE_INFINITY, batchTokens: 1 }));
  const centre = centreOf(curves);
  const batch = estimateBatchTerm(curves);
  const separate = separateConstants(curves, converged, batch, centre, delta);
  const objective = objectiveOf([...curves, ...ends], centre, delta);
  const best = minimizeFromMany(objective, startsAround(toCoordinates(separate, centre)), { finish: 3 });
  const resampled: SuConstants[] = [];
  if (samples > 0) {
    const resample = (drawn: readonly (readonly SuRow[])[]) => {
      const { point } = minimize(objectiveOf([...drawn.flat(), ...ends], centre, delta), best.point, {
        gradientTolerance: 1e-7,
        valueTolerance: 1e-9,
      });
      const again = fromCoordinates(point, centre);
      if (Object.values(again).every(Number.isFinite)) resampled.push(again);
      return { ...again };
    };
    bootstrap(split.fitted, resample, { samples, seed });
  }
  return new SuFit({
    law: 'su',
    version: 1,
    constants: fromCoordinates(best.point, centre),
    separate: { constants: separate, batch },
    objective: best.value,
    confidence,
    samples: resampled,
    warnings: warningsOf(curves, ends, best, centre, delta),
    fitted: curves,
    heldOut: split.heldOut.flat(),
  });
}

function computeOfRun(run: readonly SuRow[]): number {
  return Math.max(...run.map(computeOf));
}

function checkOptions(options: SuOptions) {
  checkKeys('su', options, [
    ...['converged', 'fromStep', 'delta', 'bootstrap', 'seed', 'confidence', 'holdOut'],
  ]);
  const { converged = [], fromStep = 0, delta = 1e-3, bootstrap: samples = 50 } = options;
  const { seed = 0, confidence = 0.95, holdOut } = options;
  checkPositive('su', 'delta', delta);
  checkWhole('su', 'bootstrap', samples, 0);
  return { converged, fromStep, delta, samples, seed, confidence, holdOut };
}

function checkRows(rows: readonly SuRow[]): void {
  for (const [index, row] of rows.entries()) {
    for (const name of ['parameters', 'steps', 'batchTokens', 'loss'] as const) {
      if (Number.isFinite(row[name]) && row[name] > 0) continue;
      throw new Error(`su: ${name} of row ${index + 1} must be a positive number, got ${row[name]}`);
    }
  }
}

function checkCurves(rows: readonly SuRow[]): void {
  if (rows.length < minimumRows) {
    throw new Error(`su: six constants need at least ${minimumRows} rows, got ${rows.length}`);
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
  converged: NonNullable<SuOptions['converged']>,
  batch: BatchTerm,
  centre: Centre,
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
  const own = centreOf(boundless);
  const fixed = toCoordinates({ Nc: 1, alphaN: 1, Sc: 1, alphaS: 1, Bstar, alphaB }, own).slice(4);
  const starts = gridStarts([
    [0.3, 0.6, 0.9],
    [0.05, 0.2, 0.5],
    [0.3, 0.7],
  ]).map(([share, alphaN, alphaS]) => [
    centre.logLoss + Math.log(share!),
    Math.log(alphaN!),
    centre.logLoss + Math.log(1 - share!),
    Math.log(alphaS!),
    ...fixed,
  ]);
  // At a boundless batch the batch's coordinates have no slope, so they stay.
  const { point } = minimizeFromMany(objectiveOf(boundless, own, delta), starts, { finish: 3 });
  return { ...fromCoordinates(point, own), Bstar, alphaB };
}

function objectiveOf(rows: readonly SuRow[], centre: Centre, delta: number) {
  return logHuberObjective(
    rows.map((row) => ({ ...centredPoint(row, centre), loss: row.loss })),
    ({ loss }) => loss,
    (point, coordinates, gradient) => logLossAt(point, coordinates, gradient, centre),
    { delta },
  );
}

/** The separate estimate, and others with a critical batch and exponents a little off. */
function startsAround(coordinates: Float64Array): Float64Array[] {
  const moves = gridStarts([
    [-0.3, 0.3],
    [-1, 1],
    [-0.4, 0.4],
  ]);
  const moved = moves.map(([alphaS, batch, slope]) => {
    const start = Float64Array.from(coordinates);
    start[3]! += alphaS!;
    start[4]! += batch!;
    start[5]! += slope!;
    return start;
  });
  return [coordinates, ...moved];
}

function warningsOf(
  curves: readonly SuRow[],
  ends: readonly SuRow[],
  { point, converged }: Minimum,
  centre: Centre,
  delta: number,
): string[] {
  const gradient = new Float64Array(point.length);
  const residuals: number[] = [];
  const jacobian = [...curves, ...ends].map((row) => {
    const logLoss = logLossAt(centredPoint(row, centre), point, gradient, centre);
    residuals.push(logLoss - Math.log(row.loss));
    return Float64Array.from(gradient);
  });
  const names = ["the model's term", 'alphaN', "the steps' term", 'alphaS', 'the critical batch', 'alphaB'];
  const judged = identifiability(
    jacobian,
    names.map((name, index) => ({ name, value: point[index]!, logarithmic: true })),
    residuals,
    { delta },
  );
  const sizes = [...curves, ...ends].map(({ parameters }) => parameters);
  const batches = curves.map(({ batchTokens }) => batchTokens);
  return [
    ...(converged ? [] : ['the search did not converge: the constants are not at a minimum']),
    ...judged.warnings,
    ...countWarning({ constants: 2, fitted: "constants of the model's term" }, new Set(sizes).size, 'sizes'),
    ...countWarning({ constants: 6 }, runsOf(curves).length + ends.length, 'runs'),
    ...rangeWarning('parameters', sizes, 'Nc and alphaN'),
    ...rangeWarning('batchTokens', batches, 'Bstar and alphaB'),
  ];
}
