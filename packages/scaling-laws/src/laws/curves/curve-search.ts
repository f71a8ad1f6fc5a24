import { type LeastHuber, logHuberObjective, type Prior } from '../../fitting/log-huber.ts';
import { minimize, minimizeFromMany } from '../../fitting/minimize.ts';
import { geometricMean, rangeOf, sum } from '../../fitting/numbers.ts';
import { positiveLeastSquares } from '../../fitting/positive-least-squares.ts';
import { randomFrom } from '../../fitting/random.ts';
import { countWarning, identifiabilityWarnings } from '../../law/fit-warnings.ts';
import { downsampled, type LossCurve } from './loss-curve.ts';

/** Units of rates in which the constants of a law are of moderate size and depend little on each other. */
export interface CurveScale {
  /** The largest rate of all curves. */
  readonly rate: number;
  /** The geometric mean of the summed rates of the curves. */
  readonly sum: number;
}

/** Predicts the loss at the point of that index, at a place in the coordinates of the search; fills its derivatives. */
export type PointPrediction = (index: number, coordinates: Float64Array, derivatives: Float64Array) => number;

/** A law of curves as the search sees it: smooth coordinates without bounds. */
export interface CurveModel<Constants> {
  /** The constants that the coordinates stand for, by their logs or log odds. */
  readonly coordinates: readonly string[];
  /** Makes the prediction of every point of some curves, in their order. */
  prepare(curves: readonly LossCurve[], scale: CurveScale): PointPrediction;
  /** Places to begin at, for points and their losses. */
  starts(predict: PointPrediction, losses: readonly number[]): readonly number[][];
  /** The constants at a place of the search. */
  constantsAt(coordinates: Float64Array, scale: CurveScale): Constants;
  /** Coordinates that a weak prior holds to a typical value. */
  readonly typical?: readonly { readonly coordinate: number; readonly value: number }[] | undefined;
}

/** How curves are searched. */
export interface CurveSearchOptions {
  /** Residual of the log of the loss beyond which a point counts linearly. */
  readonly delta: number;
  /** How many of the starts, those of lowest value, are followed to a minimum. */
  readonly follow: number;
  /** How many errors of `delta` at every point a factor of 2 from a typical exponent costs as much as. */
  readonly typicalExponents?: number | undefined;
  readonly samples: number;
  readonly seed: number;
}

/** About how many points a curve keeps while the starts are compared. */
const pointsOfSearch = 24;

/** Follows the best starts on a part of the points, then the lowest minimum on all of them. */
export function searchCurves<Constants>(
  curves: readonly LossCurve[],
  model: CurveModel<Constants>,
  options: CurveSearchOptions,
) {
  const scale = curveScale(curves);
  const part = problemOf(
    curves.map((curve) => downsampled(curve, pointsOfSearch)),
    scale,
    model,
    options,
  );
  const found = minimizeFromMany(part.objective(), model.starts(part.predict, part.losses), {
    finish: options.follow,
    maxIterations: 300,
  });
  const all = problemOf(curves, scale, model, options);
  const best = minimize(all.objective(), found.point, { valueTolerance: 1e-10 });
  const rough = { valueTolerance: 1e-8, maxIterations: 200 };
  return {
    constants: model.constantsAt(best.point, scale),
    objective: all.errors(best.point),
    samples: drawnWeights(curves, options.samples, options.seed).map((weights) =>
      model.constantsAt(minimize(all.objective(weights), best.point, rough).point, scale),
    ),
    warnings: [
      ...(best.converged ? [] : ['the search stopped before it converged']),
      ...countWarning({ constants: model.coordinates.length }, all.losses.length, 'points'),
      ...all.warnings(best.point),
    ],
  };
}

/** The points of some curves, as one objective. */
function problemOf<Constants>(
  curves: readonly LossCurve[],
  scale: CurveScale,
  model: CurveModel<Constants>,
  { delta, typicalExponents = 0 }: CurveSearchOptions,
) {
  const predict = model.prepare(curves, scale);
  const losses = curves.flatMap((curve) => Array.from(curve.losses));
  const points = losses.map((loss, index) => ({ loss, index }));
  const problem: LeastHuber<(typeof points)[number]> = {
    observed: ({ loss }) => loss,
    predict: ({ index }, coordinates, gradient) => {
      const prediction = predict(index, coordinates, gradient);
      for (let entry = 0; entry < gradient.length; entry++) gradient[entry]! /= prediction;
      return Math.log(prediction);
    },
    delta,
  };
  const priors = (model.typical ?? []).map(
    ({ coordinate, value }): Prior => ({
      ...{ coordinate, center: Math.log(value), spread: Math.LN2 },
      points: typicalExponents * losses.length,
    }),
  );
  return {
    predict,
    losses,
    objective: (weights?: ArrayLike<number>) => logHuberObjective(points, { ...problem, weights, priors }),
    errors: (point: Float64Array) =>
      logHuberObjective(points, problem)(point, new Float64Array(point.length)),
    warnings: (point: Float64Array) =>
      identifiabilityWarnings(
        points,
        problem,
        point,
        model.coordinates.map((name, index) => ({ name, value: Math.exp(point[index]!), logarithmic: true })),
      ),
  };
}

function curveScale(curves: readonly LossCurve[]): CurveScale {
  return {
    rate: rangeOf(curves.map(({ rates }) => rangeOf(rates).high)).high,
    sum: geometricMean(curves.map(({ rates }) => sum(rates))),
  };
}

/** Parts that a curve is resampled in: neighboring points are too alike to be drawn one by one. */
const blocksOfCurve = 8;

/** How often each point is drawn, for each resample. */
function drawnWeights(curves: readonly LossCurve[], count: number, seed: number): Float64Array[] {
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

/**
 * Logs of the three constants in which a law of curves is linear, its coordinates 0, 1 and 3, with the others held.
 *
 * @param place a place where these three are 1: there the derivatives by their logs are the terms themselves
 */
export function logCoefficients(
  predict: PointPrediction,
  place: Float64Array,
  losses: readonly number[],
): [number, number, number] {
  const derivatives = new Float64Array(place.length);
  const columns: number[][] = [[], [], []];
  losses.forEach((_, index) => {
    predict(index, place, derivatives);
    [0, 1, 3].forEach((entry, column) => {
      columns[column]!.push(derivatives[entry]!);
    });
  });
  return positiveLeastSquares(columns, losses).map(Math.log) as [number, number, number];
}
