import { checkKeys, checkPositive } from '../options.ts';
import type { Objective } from './objective.ts';

/**
 * The logarithm of what a law predicts for a row; fills `gradient` with its derivatives with respect to the parameters, in
 * the law's internal coordinates.
 */
export type LogPrediction<Row> = (row: Row, parameters: Float64Array, gradient: Float64Array) => number;

/** Options of {@link logHuberObjective}. */
export interface LogHuberOptions {
  /** Residual of the log beyond which a row counts linearly; by default 1e-3. */
  readonly delta?: number | undefined;
  /** Weight of each row; by default 1. */
  readonly weights?: ArrayLike<number> | undefined;
}

/**
 * The objective of every law here: sum over rows of weight * Huber_delta(log prediction - log observed), where
 * Huber_delta(r) is r^2/2 for |r| <= delta and delta (|r| - delta/2) beyond (Huber 1964; for scaling laws Hoffmann et al.
 * 2022, arXiv 2203.15556, equation 3). It is a sum, not a mean.
 *
 * @param observed the positive number that was measured
 * @throws Error when an option is unknown or wrong, or an observed value or a weight cannot be used
 */
export function logHuberObjective<Row>(
  rows: readonly Row[],
  observed: (row: Row) => number,
  predict: LogPrediction<Row>,
  options: LogHuberOptions = {},
): Objective {
  checkKeys('logHuberObjective', options, ['delta', 'weights']);
  const { delta = 1e-3, weights } = options;
  checkPositive('logHuberObjective', 'delta', delta);
  if (weights && weights.length !== rows.length) {
    throw new Error(`logHuberObjective: got ${weights.length} weights for ${rows.length} rows`);
  }
  const bad = weights
    ? Array.from(weights).findIndex((weight) => !(Number.isFinite(weight) && weight >= 0))
    : -1;
  if (weights && bad >= 0) {
    throw new Error(
      `logHuberObjective: the weight of row ${bad + 1} must be a number of at least 0, got ${weights[bad]}`,
    );
  }
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
    return sum;
  };
}

/** r^2/2 for |r| <= delta, delta (|r| - delta/2) beyond. */
export function huber(residual: number, delta: number): number {
  const size = Math.abs(residual);
  return size <= delta ? (residual * residual) / 2 : delta * (size - delta / 2);
}

/** Derivative of {@link huber}: the residual, cut off at delta. */
export function huberSlope(residual: number, delta: number): number {
  return Math.min(delta, Math.max(-delta, residual));
}
