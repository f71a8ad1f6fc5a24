import { gridStarts } from '../fitting/minimize.ts';
import { nonNegative } from '../law/option-specs.ts';
import type { ScheduleLaw } from '../schedules/schedule-law.ts';
import { curveLaw } from './curves/curve-law.ts';
import { type CurveScale, logCoefficients, type PointPrediction } from './curves/curve-search.ts';
import { checkRates, type LossCurve } from './curves/loss-curve.ts';
import {
  type MultiPowerParameters,
  multiPowerAt,
  multiPowerCurve,
  multiPowerFinalLoss,
} from './multi-power/multi-power-sum.ts';
import { type RateChanges, rateChanges } from './multi-power/rate-changes.ts';

const name = 'multi-power';

/** Luo et al. 2025 found a beta of 0.58 to 0.60 and a gamma of 0.63 to 0.66 at each of 25M, 100M and 400M parameters. */
const typicalExponent = 0.6;

/**
 * Loss curves from the learning rate of every step: the multi-power law (Luo et al. 2025, arXiv 2503.12811).
 *
 * Two or three curves whose rates decay differently determine the constants: a constant rate, a cosine, and a staircase
 * were the paper's. Curves of one peak say little about other peaks.
 */
export const multiPowerLaw = curveLaw({
  name,
  title: 'Loss curve of a learning-rate schedule: multi-power law',
  formula:
    'L(t) = L0 + A S(t)^-alpha + B sum_(k<=t) (lr_k - lr_(k-1)) (1 - (1 + C lr_k^-gamma (S(t) - S(k-1)))^-beta), S the sum of lr',
  source: 'Luo et al. 2025, arXiv 2503.12811',
  meanings: {
    L0: 'loss that no training removes, nats/token',
    A: 'scale of the loss that the summed rate removes: A S^-alpha',
    alpha: 'exponent of the summed rate',
    B: 'loss for each unit by which the rate stays up',
    C: 'scale of how fast the effect of a change comes',
    beta: 'exponent with which it comes',
    gamma: 'exponent of the rate in it',
  },
  options: {
    // Two or three curves hardly determine them, and a free fit follows the small errors of the law into extreme exponents.
    typicalExponents: nonNegative('how much beta and gamma are held to 0.6; 0 leaves them free', 1),
  },
  model: {
    coordinates: ['L0', 'A', 'alpha', 'B', 'C', 'beta', 'gamma'],
    prepare: preparePoints,
    starts: startsOf,
    constantsAt: (coordinates, scale) => unscaled(parametersAt(coordinates), scale),
    typical: [
      { coordinate: 5, value: typicalExponent },
      { coordinate: 6, value: typicalExponent },
    ],
  },
  law: multiPowerFrom,
});

/** The multi-power law with known constants, such as published ones. */
export function multiPowerFrom(parameters: MultiPowerParameters): ScheduleLaw {
  return {
    law: name,
    finalLoss: (rates, gradient) => {
      checkRates(name, rates);
      return multiPowerFinalLoss(parameters, rates, gradient);
    },
    predictCurve: (rates, steps) => {
      checkRates(name, rates);
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
  const [L0, A, alpha, B, C, beta, gamma] = coordinates.map(Math.exp) as unknown as Seven;
  return { L0, A, alpha, B, C, beta, gamma };
}

type Seven = [number, number, number, number, number, number, number];

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
