import { type Goodness, goodnessOf } from '../../fitting/goodness.ts';
import { countWarning, identifiability } from '../../fitting/identifiability.ts';
import { logHuberObjective } from '../../fitting/log-huber.ts';
import { type Minimum, minimize, type Objective } from '../../fitting/minimize.ts';
import { minimizeFromMany } from '../../fitting/multi-start.ts';
import { randomFrom } from '../../fitting/random.ts';
import { checkKeys, checkPositive, checkWhole } from '../../options.ts';
import { type LossCurve, thinned } from './loss-curve.ts';
import type { ScheduleLaw } from './schedule-law.ts';

/** Options of {@link fitMultiPowerLaw} and {@link fitAnnealingLaw}. */
export interface CurveFitOptions {
  /** Residual of the log of the loss beyond which a point counts linearly; by default 1e-3. */
  readonly delta?: number | undefined;
  /** How many of the starts, those of lowest value, are followed to a minimum; by default 4. */
  readonly follow?: number | undefined;
  /** Resamples that the fit is repeated on, an eighth of a curve drawn at a time; by default 0. */
  readonly bootstrap?: number | undefined;
  /** Seed of the resamples; by default 0. */
  readonly seed?: number | undefined;
}

/** A law of schedules fitted on loss curves. */
export interface CurveFit<Parameters> extends ScheduleLaw {
  readonly parameters: Parameters;
  /** Sum over all points of Huber_delta(log prediction - log loss). */
  readonly objective: number;
  /** Over all points fitted on. */
  readonly goodness: Goodness;
  /** The constants from each resample. */
  readonly samples: readonly Parameters[];
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
  /** Coordinates from each resample. */
  readonly samples: readonly Float64Array[];
}

/** Follows the best starts on a part of the points, then the lowest minimum on all of them. */
export function searchCurves(
  law: string,
  curves: readonly LossCurve[],
  model: CurveModel,
  options: CurveFitOptions,
): CurveSearch {
  checkKeys(law, options, ['delta', 'follow', 'bootstrap', 'seed']);
  const { delta = 1e-3, follow = 4, bootstrap = 0, seed = 0 } = options;
  checkPositive(law, 'delta', delta);
  checkWhole(law, 'follow', follow, 1);
  checkWhole(law, 'bootstrap', bootstrap, 0);
  checkWhole(law, 'seed', seed, 0);
  const part = new CurvePoints(
    model,
    curves.map((curve) => thinned(curve, pointsOfSearch)),
  );
  const found = minimizeFromMany(part.objective(delta), model.starts(part.predict, part.losses), {
    finish: follow,
    maxIterations: 300,
  });
  const points = new CurvePoints(model, curves);
  const minimum = minimize(points.objective(delta), found.point, { valueTolerance: 1e-10 });
  return {
    ...minimum,
    value: points.errors(delta)(minimum.point, new Float64Array(model.names.length)),
    warnings: points.warnings(minimum, delta),
    starts: { followed: found.finished, agreeing: found.agreeing },
    samples: resamples(curves, bootstrap, seed).map(
      (weights) =>
        minimize(points.objective(delta, weights), minimum.point, {
          valueTolerance: 1e-8,
          maxIterations: 200,
        }).point,
    ),
  };
}

/** The points of some curves, as one objective. */
class CurvePoints {
  readonly losses: readonly number[];
  readonly predict: PointPrediction;

  constructor(
    private readonly model: CurveModel,
    curves: readonly LossCurve[],
  ) {
    this.losses = curves.flatMap((curve) => Array.from(curve.losses));
    this.predict = model.prepare(curves);
  }

  errors(delta: number, weights?: ArrayLike<number>): Objective {
    return logHuberObjective(
      this.losses.map((loss, index) => ({ loss, index })),
      ({ loss }) => loss,
      ({ index }, coordinates, gradient) => {
        const prediction = this.predict(index, coordinates, gradient);
        for (let entry = 0; entry < gradient.length; entry++) gradient[entry]! /= prediction;
        return Math.log(prediction);
      },
      { delta, ...(weights === undefined ? {} : { weights }) },
    );
  }

  objective(delta: number, weights?: ArrayLike<number>): Objective {
    const errors = this.errors(delta, weights);
    const unit = this.losses.length * delta * delta;
    const slopes = new Float64Array(this.model.names.length);
    return (coordinates, gradient) => {
      const value = errors(coordinates, gradient);
      if (this.model.penalty === undefined) return value;
      const penalty = this.model.penalty(coordinates, slopes);
      for (let entry = 0; entry < slopes.length; entry++) gradient[entry]! += unit * slopes[entry]!;
      return value + unit * penalty;
    };
  }

  /** What the points cannot tell about the constants, each by itself. */
  warnings({ point, converged }: Minimum, delta: number): string[] {
    const { names } = this.model;
    const residuals: number[] = [];
    const jacobian = this.losses.map((loss, index) => {
      const derivatives = new Float64Array(names.length);
      const prediction = this.predict(index, point, derivatives);
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
      ...countWarning({ constants: names.length }, this.losses.length, 'points'),
      ...identifiability(jacobian, parameters, residuals, { delta }).warnings,
    ];
  }
}

/** Parts that a curve is resampled in: neighbouring points are too alike to be drawn one by one. */
const blocksOfCurve = 8;

/** How often each point is drawn, for each resample. */
function resamples(curves: readonly LossCurve[], count: number, seed: number): Float64Array[] {
  const random = randomFrom(seed, 'curves');
  return Array.from({ length: count }, () => {
    const weights = curves.map(({ steps }) => {
      const drawn = new Float64Array(blocksOfCurve);
      for (let draw = 0; draw < blocksOfCurve; draw++) drawn[random.below(blocksOfCurve)]!++;
      return Array.from(steps, (_, index) => drawn[Math.floor((index * blocksOfCurve) / steps.length)]!);
    });
    return Float64Array.from(weights.flat());
  });
}

/** What every fitted law of schedules offers, from what it predicts. */
export function fitOf<Parameters>(
  make: (parameters: Parameters) => ScheduleLaw,
  parametersAt: (coordinates: Float64Array) => Parameters,
  curves: readonly LossCurve[],
  { point, value, starts, warnings, samples }: CurveSearch,
): CurveFit<Parameters> {
  const parameters = parametersAt(point);
  const law = make(parameters);
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
    samples: samples.map(parametersAt),
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
