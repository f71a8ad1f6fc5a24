import { median } from '@steepest/statistics';
import { CholeskyDecomposition, inverse, Matrix, solve } from 'ml-matrix';
import { bilinear, dot, rangeOf } from '../../fitting/numbers.ts';
import { bestOf, type SettingName, type Settings, type SweepRow, settingNames } from './sweep.ts';

/** The loss of one cell as a smooth function of learning rate and batch; plain data. */
export interface LossSurface {
  /** Settings that the cell varies, so that their optimum can be known. */
  readonly varied: readonly SettingName[];
  /** Runs that the surface was fitted on: those within the window over the best. */
  readonly runs: number;
  /** Where the surface is lowest, and its loss there. A setting that is not varied keeps its value. */
  readonly optimum: Settings & { readonly loss: number };
  /** Second derivatives of log loss to the logs of the varied settings, in their order. */
  readonly hessian: readonly (readonly number[])[];
  /** Standard error of the log of each varied setting's optimum. */
  readonly logStandardErrors: Readonly<Partial<Record<SettingName, number>>>;
  /** Settings whose optimum lies at an end of what was tried, or beyond it; such a cell says nothing of the optimum. */
  readonly edges: Readonly<Partial<Record<SettingName, 'lowest' | 'highest'>>>;
  /** Standard deviation of the runs' relative distance from the surface. */
  readonly noise: number;
}

/** Loss at some settings over the loss at the optimum, less 1, as a surface has it. */
export function surfaceExcess({ varied, hessian, optimum }: LossSurface, settings: Settings): number {
  const away = varied.map((name) => Math.log(settings[name] / optimum[name]));
  return Math.expm1(bilinear(away, hessian, away) / 2);
}

/** By varied setting, the values that cost no more than an excess with the other setting at its best for them. */
export function surfaceRegion(
  { varied, hessian, optimum }: LossSurface,
  excess: number,
): Readonly<Partial<Record<SettingName, readonly [low: number, high: number]>>> {
  const spread = inverse(new Matrix(hessian.map((row) => [...row])));
  return Object.fromEntries(
    varied.map((name, index) => {
      const reach = Math.exp(Math.sqrt(2 * Math.log1p(excess) * spread.get(index, index)));
      return [name, [optimum[name] / reach, optimum[name] * reach]];
    }),
  );
}

/** Rounds of re-weighting, enough to settle which runs are outliers. */
const rounds = 12;
/** Huber's constant for 95 % efficiency at normal noise. */
const huberConstant = 1.345;
/** Median of the absolute value of a standard normal variable. */
const medianDeviation = 0.6745;
/** Values of a setting closer than this ratio are one: sweeps round them differently. */
const sameValue = 1.02;

/**
 * Fits log loss by a quadratic in the logs of the settings, on the runs near the best one: tricube weights in the excess
 * (Cleveland 1979), times Huber's for outliers.
 *
 * Far from the optimum loss rises faster towards large learning rates than towards small ones, so a wide window pulls the
 * optimum to small ones.
 *
 * @param window excess over the best run up to which runs count; weights fall to 0 there
 * @returns `undefined` where the runs within the window are too few, or vary too little, for a quadratic
 */
export function fitLossSurface(rows: readonly SweepRow[], window = 0.02): LossSurface | undefined {
  const { best, within, values } = nearBest(rows, window);
  const varied = settingNames.filter((name) => values[name] >= 3);
  const near = within.filter((row) =>
    settingNames.every((name) => varied.includes(name) || isSame(row[name], best[name])),
  );
  if (varied.length === 0 || near.length < fewestRuns(varied.length)) return undefined;
  const fit = fitQuadratic(near, varied, best, window);
  if (fit === undefined) return undefined;
  const { hessian, place, covariance, noise, constant } = fit;
  const settings = Object.fromEntries(
    settingNames.map((name) => {
      const index = varied.indexOf(name);
      return [name, index < 0 ? best[name] : best[name] * Math.exp(place[index]!)];
    }),
  ) as unknown as Settings;
  return {
    varied,
    runs: near.length,
    optimum: { ...settings, loss: Math.exp(constant) },
    hessian: hessian.to2DArray(),
    logStandardErrors: Object.fromEntries(
      varied.map((name, index) => [name, Math.sqrt(covariance.get(index, index))]),
    ),
    edges: edgesOf(rows, varied, settings),
    noise,
  };
}

/** Runs that a surface in a number of settings needs: one for each coefficient of the quadratic, and two to judge it by. */
export function fewestRuns(settings: number): number {
  return ((settings + 1) * (settings + 2)) / 2 + 2;
}

/** What a surface can be fitted on: the runs within the window over the best, and how many values of each setting they have. */
export function nearBest(rows: readonly SweepRow[], window: number) {
  const best = bestOf(rows);
  const within = rows.filter(({ loss }) => loss / best.loss - 1 < window);
  const valuesOf = (name: SettingName) => distinct(within.map((row) => row[name]));
  return {
    ...{ best, within },
    values: { learningRate: valuesOf('learningRate'), batchTokens: valuesOf('batchTokens') },
  };
}

/** The surface around its lowest point, in logs over the best run's settings; `undefined` where it has none. */
function fitQuadratic(
  rows: readonly SweepRow[],
  varied: readonly SettingName[],
  best: SweepRow,
  window: number,
) {
  const pairs = varied.flatMap((_, i) => varied.slice(i).map((_, j) => [i, i + j] as const));
  const design = new Matrix(
    rows.map((row) => {
      const logs = varied.map((name) => Math.log(row[name] / best[name]));
      return [1, ...logs, ...pairs.map(([i, j]) => logs[i]! * logs[j]!)];
    }),
  );
  const logLoss = Matrix.columnVector(rows.map(({ loss }) => Math.log(loss)));
  const nearness = rows.map(({ loss }) => (1 - ((loss / best.loss - 1) / window) ** 3) ** 3);
  let weights = nearness;
  let coefficients = Matrix.zeros(design.columns, 1);
  let noise = 0;
  for (let round = 0; round < rounds; round += 1) {
    const weighted = scaleRows(design, weights).transpose();
    coefficients = solve(weighted.mmul(design), weighted.mmul(logLoss), true);
    const residuals = Matrix.sub(logLoss, design.mmul(coefficients)).to1DArray();
    noise = median(residuals.map(Math.abs)) / medianDeviation;
    weights = nearness.map((weight, index) => {
      const size = Math.abs(residuals[index]!);
      return size <= huberConstant * noise ? weight : (weight * huberConstant * noise) / size;
    });
  }
  const value = coefficients.to1DArray();
  const slope = value.slice(1, 1 + varied.length);
  const hessian = Matrix.zeros(varied.length, varied.length);
  for (const [index, [i, j]] of pairs.entries()) {
    const entry = value[1 + varied.length + index]!;
    hessian.set(i, j, i === j ? 2 * entry : entry);
    hessian.set(j, i, hessian.get(i, j));
  }
  if (!new CholeskyDecomposition(hessian).isPositiveDefinite()) return undefined;
  const place = solve(hessian, Matrix.columnVector(slope)).mul(-1).to1DArray();
  return {
    hessian,
    place,
    covariance: covarianceOfPlace(design, weights, noise, hessian, place, pairs),
    noise,
    /** Log loss there. */
    constant: value[0]! + dot(slope, place) / 2,
  };
}

function scaleRows(matrix: Matrix, factors: readonly number[]): Matrix {
  return matrix.clone().mulColumnVector([...factors]);
}

/** Of the optimum, from that of the coefficients by the first derivatives of `place = -hessian^-1 slope`. */
function covarianceOfPlace(
  design: Matrix,
  weights: readonly number[],
  noise: number,
  hessian: Matrix,
  place: readonly number[],
  pairs: readonly (readonly [number, number])[],
): Matrix {
  const bread = inverse(design.transpose().mmul(scaleRows(design, weights)), true);
  const squares = weights.map((weight) => weight * weight);
  const meat = design.transpose().mmul(scaleRows(design, squares));
  const ofCoefficients = bread
    .mmul(meat)
    .mmul(bread)
    .mul(noise * noise);
  const changes = Matrix.zeros(place.length, design.columns);
  for (const [index] of place.entries()) changes.set(index, 1 + index, 1);
  for (const [index, [i, j]] of pairs.entries()) {
    const column = 1 + place.length + index;
    changes.set(i, column, changes.get(i, column) + place[j]!);
    changes.set(j, column, changes.get(j, column) + place[i]!);
  }
  const derivatives = solve(hessian, changes);
  return derivatives.mmul(ofCoefficients).mmul(derivatives.transpose());
}

function edgesOf(
  rows: readonly SweepRow[],
  varied: readonly SettingName[],
  optimum: Settings,
): LossSurface['edges'] {
  const edges = varied.flatMap((name) => {
    const { low, high } = rangeOf(rows.map((row) => row[name]));
    if (optimum[name] >= high) return [[name, 'highest']];
    return optimum[name] <= low ? [[name, 'lowest']] : [];
  });
  return Object.fromEntries(edges);
}

function distinct(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.filter((value, index) => index === 0 || !isSame(value, sorted[index - 1]!)).length;
}

function isSame(a: number, b: number): boolean {
  return Math.abs(Math.log(a / b)) <= Math.log(sameValue);
}
