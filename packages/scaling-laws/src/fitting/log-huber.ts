import { checkKeys, checkNonNegative, checkPositive } from '../options.ts';
import type { Objective } from './line-search.ts';

/**
 * The logarithm of what a law predicts for a row; fills `gradient` with its derivatives with respect to the parameters, in
 * the law's internal coordinates.
 */
export type LogPrediction<Row> = (row: Row, parameters: Float64Array, gradient: Float64Array) => number;

/** A weak prior: what is known of a coordinate of the search before any data. */
export interface Prior {
  /** Index of the coordinate. */
  readonly coordinate: number;
  readonly center: number;
  readonly spread: number;
  /** How many points with an error of `delta` a distance of one spread costs as much as. */
  readonly points: number;
}

/** What a law minimizes: Huber losses of log residuals. */
export interface LeastHuber<Row> {
  /** The positive number that was measured. */
  observed(row: Row): number;
  readonly predict: LogPrediction<Row>;
  /** Residual of the log beyond which a row counts linearly; by default 1e-3. */
  readonly delta?: number | undefined;
  /** Weight of each row; by default 1. */
  readonly weights?: ArrayLike<number> | undefined;
  /** By default none. */
  readonly priors?: readonly Prior[] | undefined;
}

/**
 * The objective of every law here: sum over rows of weight * Huber_delta(log prediction - log observed), where
 * Huber_delta(r) is r^2/2 for |r| <= delta and delta (|r| - delta/2) beyond (Huber 1964; for scaling laws Hoffmann et al.
 * 2022, arXiv 2203.15556, equation 3). It is a sum, not a mean. A prior adds points delta^2 / 2 times its squared distance in spreads.
 *
 * @throws Error when an option is unknown or wrong, or an observed value or a weight cannot be used
 */
export function logHuberObjective<Row>(rows: readonly Row[], problem: LeastHuber<Row>): Objective {
  checkKeys('logHuberObjective', problem, ['observed', 'predict', 'delta', 'weights', 'priors']);
  const { observed, predict, delta = 1e-3, weights, priors = [] } = problem;
  checkPositive('logHuberObjective', 'delta', delta);
  if (weights && weights.length !== rows.length) {
    throw new Error(`logHuberObjective: got ${weights.length} weights for ${rows.length} rows`);
  }
  Array.from(weights ?? []).forEach((weight, index) => {
    checkNonNegative('logHuberObjective', `the weight of row ${index + 1}`, weight);
  });
  const logs = rows.map((row, index) => {
    const value = observed(row);
    if (Number.isFinite(value) && value > 0) return Math.log(value);
    throw new Error(
      `logHuberObjective: the observed value of row ${index + 1} must be positive, got ${value}`,
    );
  });
  let slopes = new Float64Array(0);
  return (point, gradient) => {
    if (slopes.length !== point.length) slopes = new Float64Array(point.length);
    gradient.fill(0);
    let sum = 0;
    for (let index = 0; index < rows.length; index += 1) {
      const residual = predict(rows[index]!, point, slopes) - logs[index]!;
      const weight = weights ? weights[index]! : 1;
      sum += weight * huber(residual, delta);
      const influence = weight * huberSlope(residual, delta);
      for (let entry = 0; entry < point.length; entry += 1) gradient[entry]! += influence * slopes[entry]!;
    }
    for (const { coordinate, center, spread, points } of priors) {
      const off = (point[coordinate]! - center) / spread;
      const weight = points * delta * delta;
      sum += (weight * off * off) / 2;
      gradient[coordinate]! += (weight * off) / spread;
    }
    return sum;
  };
}

/** Log residuals of rows at a point of the search, predicted less observed, and their derivatives. */
export function linearized<Row>(
  rows: readonly Row[],
  { observed, predict }: LeastHuber<Row>,
  point: Float64Array,
): { readonly jacobian: readonly Float64Array[]; readonly residuals: readonly number[] } {
  const jacobian = rows.map(() => new Float64Array(point.length));
  const residuals = rows.map((row, index) => predict(row, point, jacobian[index]!) - Math.log(observed(row)));
  return { jacobian, residuals };
}

/** r^2/2 for |r| <= delta, delta (|r| - delta/2) beyond. */
function huber(residual: number, delta: number): number {
  const size = Math.abs(residual);
  return size <= delta ? (residual * residual) / 2 : delta * (size - delta / 2);
}

/** Derivative of {@link huber}: the residual, cut off at delta. */
function huberSlope(residual: number, delta: number): number {
  return Math.min(delta, Math.max(-delta, residual));
}
