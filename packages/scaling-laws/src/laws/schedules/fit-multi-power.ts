import { gridStarts } from '../../fitting/multi-start.ts';
import { describeValue } from '../../options.ts';
import {
  type CurveFit,
  type CurveFitOptions,
  fitOf,
  type PointPrediction,
  searchCurves,
} from './curve-fit.ts';
import { type CurveScale, curveScale } from './curve-scale.ts';
import { logCoefficients } from './linear-start.ts';
import { checkCurves, checkRates, type LossCurve } from './loss-curve.ts';
import {
  type MultiPowerParameters,
  multiPowerAt,
  multiPowerCurve,
  multiPowerFinalLoss,
} from './multi-power.ts';
import { type RateChanges, rateChanges } from './rate-changes.ts';
import type { ScheduleLaw } from './schedule-law.ts';

const law = 'multi-power law';

/** Options of {@link fitMultiPowerLaw}. */
export interface MultiPowerFitOptions extends CurveFitOptions {
  /**
   * How much the exponents beta and gamma are held to 0.6, about what they are in the paper; by default 1, with which a
   * factor of 2 costs as much as an error of `delta` at every point. Two or three curves hardly determine them, and without
   * a hold the fit follows the small errors of the law into extreme exponents, which extrapolate worse. 0 leaves them free.
   */
  readonly typicalExponents?: number | undefined;
}

/** Luo et al. 2025 found a beta of 0.58 to 0.60 and a gamma of 0.63 to 0.66 at each of 25M, 100M and 400M parameters. */
const typicalExponent = 0.6;

/**
 * Fits the multi-power law on loss curves: the sum of Huber_delta of the errors of the log of the loss, as in the paper, is
 * minimised by BFGS from the best of many starts.
 *
 * Two or three curves whose rates decay differently determine the constants: a constant rate, a cosine, and a staircase
 * were the paper's. Curves of one peak say little about other peaks.
 *
 * @throws Error when a curve or an option is unusable
 */
export function fitMultiPowerLaw(
  curves: readonly LossCurve[],
  options: MultiPowerFitOptions = {},
): CurveFit<MultiPowerParameters> {
  checkCurves(law, curves, 7);
  const { typicalExponents = 1, ...searchOptions } = options;
  if (!(Number.isFinite(typicalExponents) && typicalExponents >= 0)) {
    throw new Error(
      `${law}: typicalExponents must be a number of at least 0, got ${describeValue(typicalExponents)}`,
    );
  }
  const scale = curveScale(curves);
  const model = {
    names: ['L0', 'A', 'alpha', 'B', 'C', 'beta', 'gamma'],
    prepare: (part: readonly LossCurve[]) => preparePoints(part, scale),
    starts: startsOf,
    penalty: (coordinates: Float64Array, gradient: Float64Array) => {
      gradient.fill(0);
      let sum = 0;
      for (const entry of [5, 6]) {
        const doublings = (coordinates[entry]! - Math.log(typicalExponent)) / Math.LN2;
        gradient[entry] = (typicalExponents * doublings) / Math.LN2;
        sum += (typicalExponents * doublings ** 2) / 2;
      }
      return sum;
    },
  };
  const found = searchCurves(law, curves, model, searchOptions);
  return fitOf(multiPowerFrom, (point) => unscaled(parametersAt(point), scale), curves, found);
}

/** The multi-power law with known constants, such as published ones. */
export function multiPowerFrom(parameters: MultiPowerParameters): ScheduleLaw {
  return {
    law,
    finalLoss: (rates, gradient) => {
      checkRates(law, rates);
      return multiPowerFinalLoss(parameters, rates, gradient);
    },
    predictCurve: (rates, steps) => {
      checkRates(law, rates);
      return multiPowerCurve(parameters, rates, steps);
    },
  };
}

function unscaled(scaled: MultiPowerParameters, { rate, sum }: CurveScale): MultiPowerParameters {
  return {
    ...scaled,
    A: scaled.A * sum ** scaled.alpha,
    B: scaled.B / rate,
    C: (scaled.C * rate ** scaled.gamma) / sum,
  };
}

function inScale(changes: RateChanges, { rate, sum }: CurveScale): RateChanges {
  return {
    offsets: changes.offsets,
    weights: changes.weights.map((weight) => weight / rate),
    logRates: changes.logRates.map((value) => value - Math.log(rate)),
    logDistances: changes.logDistances.map((value) => value - Math.log(sum)),
    completed: changes.completed.map((value) => value / rate),
    rateSums: changes.rateSums.map((value) => value / sum),
  };
}

function preparePoints(curves: readonly LossCurve[], scale: CurveScale): PointPrediction {
  const places = curves.flatMap(({ rates, steps }) => {
    const changes = inScale(rateChanges(rates, steps), scale);
    return Array.from(steps, (_, index) => ({ changes, index }));
  });
  return (index, coordinates, derivatives) => {
    const place = places[index]!;
    const parameters = parametersAt(coordinates);
    const loss = multiPowerAt(parameters, place.changes, place.index, derivatives);
    const { L0, A, alpha, B, beta, gamma } = parameters;
    // All coordinates are logs; the derivative by log C is one already.
    [L0, A, alpha, B, 1, beta, gamma].forEach((factor, entry) => {
      derivatives[entry]! *= factor;
    });
    return loss;
  };
}

function parametersAt(coordinates: Float64Array): MultiPowerParameters {
  const [L0, A, alpha, B, C, beta, gamma] = coordinates.map(Math.exp) as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { L0, A, alpha, B, C, beta, gamma };
}

/** A grid over the exponents and C; L0, A and B, in which the loss is linear, by least squares at each of its points. */
function startsOf(predict: PointPrediction, losses: readonly number[]): number[][] {
  const grid = gridStarts([
    [0.3, 0.6],
    [10, 100, 1000],
    [0.4, 0.9],
    [0.3, 0.7],
  ]);
  return grid.map((values) => {
    const [alpha, C, beta, gamma] = values.map(Math.log) as [number, number, number, number];
    const place = Float64Array.of(0, 0, alpha, 0, C, beta, gamma);
    const [L0, A, B] = logCoefficients(predict, place, losses);
    return [L0, A, alpha, B, C, beta, gamma];
  });
}
