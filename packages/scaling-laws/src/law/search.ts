import { identifiability, type ParameterAtFit } from '../fitting/identifiability.ts';
import { type LogPrediction, logHuberObjective } from '../fitting/log-huber.ts';
import type { Minimum } from '../fitting/minimize.ts';
import type { BestMinimum } from '../fitting/multi-start.ts';
import type { Objective } from '../fitting/objective.ts';

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
  observed(row: Row): number;
  readonly predict: LogPrediction<Row>;
  /** Residual of the log beyond which a row counts linearly. */
  readonly delta: number;
  readonly weights?: ArrayLike<number> | undefined;
  readonly priors?: readonly Prior[] | undefined;
}

/** The objective of a law over some rows, its priors included. */
export function objectiveOf<Row>(rows: readonly Row[], problem: LeastHuber<Row>): Objective {
  const { observed, predict, delta, weights, priors = [] } = problem;
  const errors = logHuberObjective(rows, observed, predict, { delta, weights });
  if (priors.length === 0) return errors;
  return (point, gradient) => {
    let value = errors(point, gradient);
    for (const { coordinate, center, spread, points } of priors) {
      const off = (point[coordinate]! - center) / spread;
      const weight = points * delta * delta;
      value += (weight * off * off) / 2;
      gradient[coordinate]! += (weight * off) / spread;
    }
    return value;
  };
}

/** What the rows cannot tell about constants, by the derivatives of the predictions at a point of the search. */
export function identifiabilityWarnings<Row>(
  rows: readonly Row[],
  { observed, predict, delta }: LeastHuber<Row>,
  point: Float64Array,
  parameters: readonly ParameterAtFit[],
): readonly string[] {
  const { jacobian, residuals } = linearized(rows, { observed, predict }, point);
  return identifiability(jacobian, parameters, residuals, { delta }).warnings;
}

/** Log residuals of rows at a point of the search, and their derivatives. */
export function linearized<Row>(
  rows: readonly Row[],
  { observed, predict }: Pick<LeastHuber<Row>, 'observed' | 'predict'>,
  point: Float64Array,
): { readonly jacobian: readonly Float64Array[]; readonly residuals: readonly number[] } {
  const jacobian = rows.map(() => new Float64Array(point.length));
  const residuals = rows.map((row, index) => predict(row, point, jacobian[index]!) - Math.log(observed(row)));
  return { jacobian, residuals };
}

/** What a reader must know of how a search ended. */
export function searchWarnings(
  found: Minimum & Partial<Pick<BestMinimum, 'agreeing' | 'finished'>>,
): string[] {
  const { converged, agreeing = 0, finished = 0 } = found;
  return [
    ...(agreeing === 1 && finished > 1
      ? [`only one of ${finished} starts reached the lowest objective: it may not be the lowest there is`]
      : []),
    ...(converged ? [] : ['the search did not converge: the constants are not at a minimum']),
  ];
}
