import { type Goodness, goodnessOf } from '../../fitting/goodness.ts';
import { identifiability } from '../../fitting/identifiability.ts';
import { logHuberObjective } from '../../fitting/log-huber.ts';
import { type Minimum, minimize, type Objective } from '../../fitting/minimize.ts';
import { minimizeFromMany } from '../../fitting/multi-start.ts';
import { checkKeys, checkPositive, checkWhole } from '../../options.ts';
import { type LossCurve, thinned } from './loss-curve.ts';
import type { ScheduleLaw } from './schedule-law.ts';

/** Options of {@link fitMultiPowerLaw} and {@link fitAnnealingLaw}. */
export interface CurveFitOptions {
  /** Residual of the log of the loss beyond which a point counts linearly; by default 1e-3. */
  readonly delta?: number;
  /** How many of the starts, those of lowest value, are followed to a minimum; by default 4. */
  readonly follow?: number;
}

/** A law of schedules fitted on loss curves. */
export interface CurveFit<Parameters> extends ScheduleLaw {
  readonly parameters: Parameters;
  /** Sum over all points of Huber_delta(log prediction - log loss). */
  readonly objective: number;
  /** Over all points fitted on. */
  readonly goodness: Goodness;
  /** What the curves cannot identify. */
  readonly warnings: readonly string[];
  /** How many starts were followed to a minimum, on a part of the points, and how many of them ended at the lowest. */
  readonly starts: { readonly followed: number; readonly agreeing: number };
  /** Compares predictions with curves, such as those held out of the fit; by the curve's name. */
  check(curves: readonly LossCurve[]): Readonly<Record<string, Goodness>>;
}

/** Predicts the loss at the point of that index, at a place in the coordinates of the search; fills its derivatives. */
export type PointPrediction = (index: number, coordinates: Float64Array, derivatives: Float64Array) => number;

/** A law as the search sees it: smooth coordinates without bounds. */
export interface CurveModel {
  /** The constants that the coordinates stand for, by their logs or log odds. */
  readonly names: readonly string[];
  /** Makes the prediction of every point of some curves, in their order. */
  prepare(curves: readonly LossCurve[]): PointPrediction;
  /** Places to begin at, for points and their losses. */
  starts(predict: PointPrediction, losses: readonly number[]): readonly number[][];
  /** What is known before seeing data: added to the objective, in units of an error of delta at every point. */
  penalty?(coordinates: Float64Array, gradient: Float64Array): number;
}

/** About how many points a curve keeps while the starts are compared. */
const pointsOfSearch = 24;

/** The lowest minimum; its value without the penalty. */
export interface CurveSearch extends Minimum {
  readonly warnings: readonly string[];
  readonly starts: CurveFit<unknown>['starts'];
}

/** Follows the best starts on a part of the points, then the lowest minimum on all of them. */
export function searchCurves(
  law: string,
  curves: readonly LossCurve[],
  model: CurveModel,
  options: CurveFitOptions,
): CurveSearch {
  checkKeys(law, options, ['delta', 'follow']);
  const { delta = 1e-3, follow = 4 } = options;
  checkPositive(law, 'delta', delta);
  checkWhole(law, 'follow', follow, 1);
  const objectiveOf = (part: readonly LossCurve[]) => {
    const losses = part.flatMap((curve) => Array.from(curve.losses));
    const predict = model.prepare(part);
    const errors = logHuberObjective(
      losses.map((loss, index) => ({ loss, index })),
      ({ loss }) => loss,
      ({ index }, coordinates, gradient) => {
        const prediction = predict(index, coordinates, gradient);
        for (let entry = 0; entry < gradient.length; entry++) gradient[entry]! /= prediction;
        return Math.log(prediction);
      },
      { delta },
    );
    const unit = losses.length * delta * delta;
    const slopes = new Float64Array(model.names.length);
    const objective: Objective = (coordinates, gradient) => {
      const value = errors(coordinates, gradient);
      if (model.penalty === undefined) return value;
      const penalty = model.penalty(coordinates, slopes);
      for (let entry = 0; entry < slopes.length; entry++) gradient[entry]! += unit * slopes[entry]!;
      return value + unit * penalty;
    };
    return { objective, errors, predict, losses };
  };
  const part = objectiveOf(curves.map((curve) => thinned(curve, pointsOfSearch)));
  const found = minimizeFromMany(part.objective, model.starts(part.predict, part.losses), {
    finish: follow,
    maxIterations: 300,
  });
  const { objective, errors, predict, losses } = objectiveOf(curves);
  const minimum = minimize(objective, found.point, { valueTolerance: 1e-10 });
  return {
    ...minimum,
    value: errors(minimum.point, new Float64Array(model.names.length)),
    warnings: warningsAt(minimum, model.names, predict, losses, delta),
    starts: { followed: found.finished, agreeing: found.agreeing },
  };
}

/** What the points cannot tell about the constants, each by itself. */
function warningsAt(
  { point, converged }: Minimum,
  names: readonly string[],
  predict: PointPrediction,
  losses: readonly number[],
  delta: number,
): string[] {
  const residuals: number[] = [];
  const jacobian = losses.map((loss, index) => {
    const derivatives = new Float64Array(names.length);
    const prediction = predict(index, point, derivatives);
    residuals.push(Math.log(prediction / loss));
    return derivatives.map((slope) => slope / prediction);
  });
  const parameters = names.map((name, index) => ({
    name,
    value: Math.exp(point[index]!),
    logarithmic: true,
  }));
  return [
    ...(converged ? [] : ['the search stopped before it converged']),
    ...identifiability(jacobian, parameters, residuals, { delta }).warnings,
  ];
}

/** What every fitted law of schedules offers, from what it predicts. */
export function fitOf<Parameters>(
  law: ScheduleLaw,
  parameters: Parameters,
  curves: readonly LossCurve[],
  { value, starts, warnings }: CurveSearch,
): CurveFit<Parameters> {
  const predicted = curves.flatMap(({ rates, steps }) => Array.from(law.predictCurve(rates, steps)));
  return {
    ...law,
    peaks: peaksOf(curves),
    parameters,
    objective: value,
    goodness: goodnessOf(
      curves.flatMap(({ losses }) => Array.from(losses)),
      predicted,
    ),
    starts,
    warnings,
    check: (others) =>
      Object.fromEntries(
        others.map(({ name, rates, steps, losses }) => [
          name,
          goodnessOf(losses, law.predictCurve(rates, steps)),
        ]),
      ),
  };
}

function peaksOf(curves: readonly LossCurve[]): { readonly from: number; readonly to: number } {
  const peaks = curves.map(({ rates }) => Array.from(rates).reduce((top, rate) => Math.max(top, rate), 0));
  return { from: Math.min(...peaks), to: Math.max(...peaks) };
}
