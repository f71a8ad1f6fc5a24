import { resample } from '../../fitting/bootstrap.ts';
import { geometricMean, rangeOf, sum } from '../../fitting/numbers.ts';
import { countWarning } from '../../law/fit-warnings.ts';
import { linearStarts, type SearchedConstant, searchLaw } from '../../law/search.ts';
import { downsampled, type LossCurve } from './loss-curve.ts';

/** Units of rates in which the constants of a law are of moderate size and depend little on each other. */
export interface CurveScale {
  /** The largest rate of all curves. */
  readonly rate: number;
  /** The geometric mean of the summed rates of the curves. */
  readonly sum: number;
}

/** Predicts the loss at the point of that index, at the logs of the constants searched for; fills its derivatives by them. */
export type PointPrediction = (index: number, logs: Float64Array, derivatives: Float64Array) => number;

/** A law of curves as the search sees it: in positive constants, in units of a scale. */
export interface CurveModel<Searched extends string, Constants> {
  readonly searched: Readonly<Record<Searched, SearchedConstant>>;
  /** What to begin at for the constants in which the loss is not linear. */
  readonly grid: Readonly<Partial<Record<Searched, readonly number[]>>>;
  /** Makes the prediction of every point of some curves, in their order. */
  prepare(curves: readonly LossCurve[], scale: CurveScale): PointPrediction;
  /** The law's own constants. */
  constantsAt(searched: Readonly<Record<Searched, number>>, scale: CurveScale): Constants;
}

interface CurveSearchOptions {
  readonly delta: number;
  /** How many of the starts, those of lowest value, are followed to a minimum. */
  readonly follow: number;
  readonly typicalExponents?: number | undefined;
  readonly samples: number;
  readonly seed: number;
}

/** About how many points a curve keeps while the starts are compared. */
const pointsOfSearch = 24;
/** Parts that a curve is resampled in: neighboring points are too alike to be drawn one by one. */
const blocksOfCurve = 8;

/** Follows the best starts on a part of the points, then the lowest minimum on all of them. */
export function searchCurves<Searched extends string, Constants>(
  curves: readonly LossCurve[],
  model: CurveModel<Searched, Constants>,
  { delta, follow, typicalExponents, samples, seed }: CurveSearchOptions,
) {
  const scale = {
    rate: rangeOf(curves.map(({ rates }) => rangeOf(rates).high)).high,
    sum: geometricMean(curves.map(({ rates }) => sum(rates))),
  };
  const shared = { constants: model.searched, delta, typicalExponents };
  const part = curves.map((curve) => downsampled(curve, pointsOfSearch));
  const few = { ...shared, predict: logPrediction(model.prepare(part, scale)), finish: follow };
  const starts = linearStarts(pointsOf(part), few, model.grid);
  const { constants: near } = searchLaw(pointsOf(part), starts, { ...few, maxIterations: 300 });
  const points = pointsOf(curves);
  const { constants, objective, again, warnings } = searchLaw(points, [near], {
    ...{ ...shared, predict: logPrediction(model.prepare(curves, scale)), valueTolerance: 1e-10 },
  });
  return {
    constants: model.constantsAt(constants, scale),
    objective,
    samples: resample(points, (sample) => model.constantsAt(again(sample), scale), {
      ...{ samples, seed, within: ({ curve }) => curve, by: ({ block }) => block },
    }),
    warnings: [
      ...warnings,
      ...countWarning({ constants: Object.keys(model.searched).length }, points.length, 'points'),
    ],
  };
}

interface CurvePoint {
  readonly loss: number;
  readonly index: number;
  readonly curve: number;
  readonly block: string;
}

function pointsOf(curves: readonly LossCurve[]): CurvePoint[] {
  const points = curves.flatMap(({ losses }, curve) =>
    Array.from(losses, (loss, index) => {
      const block = String(Math.floor((index * blocksOfCurve) / losses.length));
      return { loss, curve, block };
    }),
  );
  return points.map((point, index) => ({ ...point, index }));
}

function logPrediction(predict: PointPrediction) {
  return ({ index }: CurvePoint, logs: Float64Array, gradient: Float64Array) => {
    const prediction = predict(index, logs, gradient);
    for (let entry = 0; entry < gradient.length; entry++) gradient[entry]! /= prediction;
    return Math.log(prediction);
  };
}
