import { gridStarts } from '../../fitting/multi-start.ts';
import { type AnnealingAreas, type AnnealingParameters, annealingAreas, annealingFrom } from './annealing.ts';
import {
  type CurveFit,
  type CurveFitOptions,
  fitOf,
  type PointPrediction,
  searchCurves,
} from './curve-fit.ts';
import { type CurveScale, curveScale } from './curve-scale.ts';
import { logCoefficients } from './linear-start.ts';
import { checkCurves, type LossCurve } from './loss-curve.ts';

/**
 * Fits the annealing law on loss curves, lambda included: the sum of Huber_delta of the errors of the log of the loss is
 * minimised by BFGS from the best of many starts. Annealing must be seen for C and lambda to be known: at least one of the
 * curves should fall from its peak.
 *
 * @throws Error when a curve or an option is unusable
 */
export function fitAnnealingLaw(
  curves: readonly LossCurve[],
  options: CurveFitOptions = {},
): CurveFit<AnnealingParameters> {
  checkCurves('annealing law', curves, 5);
  const scale = curveScale(curves);
  const model = {
    names: ['L0', 'A', 'alpha', 'C', '1 / (1 - lambda)'],
    prepare: (part: readonly LossCurve[]) => preparePoints(part, scale),
    starts: startsOf,
  };
  const found = searchCurves('annealing law', curves, model, options);
  return fitOf(annealingFrom, (point) => parametersAt(point, scale), curves, found);
}

function parametersAt(coordinates: Float64Array, scale: CurveScale): AnnealingParameters {
  const [L0, A, alpha, drop] = coordinates.map(Math.exp) as unknown as [number, number, number, number];
  const { lambda } = lambdaAt(coordinates[4]!);
  return { L0, A: A * scale.sum ** alpha, alpha, C: (drop * (1 - lambda)) / scale.rate, lambda };
}

/** The last coordinate is the log of the odds of lambda, 1 / (1 - lambda) - 1. */
function lambdaAt(coordinate: number): { readonly lambda: number; readonly slope: number } {
  const lambda = 1 / (1 + Math.exp(-coordinate));
  return { lambda, slope: lambda * (1 - lambda) };
}

/** Coordinates: logs of L0, A, alpha and of the effect of a fall from the peak to 0, and the log odds of lambda. */
function preparePoints(curves: readonly LossCurve[], scale: CurveScale): PointPrediction {
  const places = curves.flatMap(({ steps }, curve) => Array.from(steps, (_, index) => ({ curve, index })));
  let areas: AnnealingAreas[] = [];
  let coordinate = Number.NaN;
  return (index, coordinates, derivatives) => {
    const { lambda, slope } = lambdaAt(coordinates[4]!);
    if (coordinates[4] !== coordinate) {
      areas = curves.map(({ rates, steps }) => annealingAreas(rates, steps, lambda));
      coordinate = coordinates[4]!;
    }
    const place = places[index]!;
    const { rateSums, drops, dropsByLambda } = areas[place.curve]!;
    const logSum = Math.log(rateSums[place.index]! / scale.sum);
    const alpha = Math.exp(coordinates[2]!);
    const limit = Math.exp(coordinates[0]!);
    const power = Math.exp(coordinates[1]! - alpha * logSum);
    const effect = Math.exp(coordinates[3]!) / scale.rate;
    const drop = effect * drops[place.index]!;
    derivatives.set([
      limit,
      power,
      -power * alpha * logSum,
      -drop,
      -effect * dropsByLambda[place.index]! * slope,
    ]);
    return limit + power - drop;
  };
}

/** A grid over alpha and lambda; L0, A and C, in which the loss is linear, by least squares at each of its points. */
function startsOf(predict: PointPrediction, losses: readonly number[]): number[][] {
  return gridStarts([
    [0.2, 0.5, 0.9],
    [0.9, 0.99, 0.997, 0.999, 0.9997],
  ]).map(([alpha, lambda]) => {
    const odds = Math.log(lambda! / (1 - lambda!));
    const place = Float64Array.of(0, 0, Math.log(alpha!), 0, odds);
    const [L0, A, C] = logCoefficients(predict, place, losses);
    return [L0, A, Math.log(alpha!), C, odds];
  });
}
