import { nonNegative } from '../law/option-specs.ts';
import type { SearchedConstant } from '../law/search.ts';
import type { ScheduleLaw } from '../schedules/schedule-law.ts';
import { curveLaw } from './curves/curve-law.ts';
import type { CurveScale, PointPrediction } from './curves/curve-search.ts';
import { checkRates, type LossCurve } from './curves/loss-curve.ts';
import { type RateChanges, rateChanges } from './multi-power/rate-changes.ts';

const name = 'multi-power';

/** Luo et al. 2025 found a beta of 0.58 to 0.60 and a gamma of 0.63 to 0.66 at each of 25M, 100M and 400M parameters. */
const typicalExponent: SearchedConstant = { typical: [0.6, 2] };

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
    searched: { L0: {}, A: {}, alpha: {}, B: {}, C: {}, beta: typicalExponent, gamma: typicalExponent },
    grid: { alpha: [0.3, 0.6], C: [10, 100, 1000], beta: [0.4, 0.9], gamma: [0.3, 0.7] },
    prepare: preparePoints,
    constantsAt: ({ L0, A, alpha, B, C, beta, gamma }, { rate, sum }) => ({
      ...{ L0, alpha, beta, gamma },
      A: A * sum ** alpha,
      B: B / rate,
      C: (C * rate ** gamma) / sum,
    }),
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
      // Distant changes of the rate are taken together, within 1e-8 of the sum over every step.
      return Float64Array.from(rateChanges(rates, steps), (changes) => multiPowerAt(parameters, changes));
    },
  };
}

function inScale(changes: RateChanges, { rate, sum }: CurveScale): RateChanges {
  return {
    weights: changes.weights.map((weight) => weight / rate),
    logRates: changes.logRates.map((value) => value - Math.log(rate)),
    logDistances: changes.logDistances.map((value) => value - Math.log(sum)),
    completed: changes.completed / rate,
    rateSum: changes.rateSum / sum,
  };
}

function preparePoints(curves: readonly LossCurve[], scale: CurveScale): PointPrediction {
  const points = curves
    .flatMap(({ rates, steps }) => rateChanges(rates, steps))
    .map((changes) => inScale(changes, scale));
  return (index, logs, derivatives) => {
    const [L0, A, alpha, B, C, beta, gamma] = logs.map(Math.exp) as unknown as Seven;
    const loss = multiPowerAt({ L0, A, alpha, B, C, beta, gamma }, points[index]!, derivatives);
    // The derivative by log C is by the log already.
    [L0, A, alpha, B, 1, beta, gamma].forEach((factor, entry) => {
      derivatives[entry]! *= factor;
    });
    return loss;
  };
}

type Seven = [number, number, number, number, number, number, number];

/**
 * The constants of the multi-power law, by their letters in the paper.
 *
 * `L(t) = L0 + A S(t)^-alpha + B sum over k <= t of (lr_k - lr_(k-1)) (1 - (1 + C lr_k^-gamma (S(t) - S(k-1)))^-beta)`
 *
 * S(t) is the sum of the learning rate up to step t, warm-up included; the sum over k includes the rising steps of the
 * warm-up, which raise the loss, and without which published constants do not fit.
 * L0 is the loss that no amount of training goes below. Luo et al. 2025, arXiv 2503.12811.
 */
export type MultiPowerParameters = Readonly<
  Record<'L0' | 'A' | 'alpha' | 'B' | 'C' | 'beta' | 'gamma', number>
>;

/**
 * Loss at one step, whose changes of the rate were collected.
 *
 * @param derivatives Filled, where given, with the derivatives by L0, A, alpha, B, log C, beta and gamma, in this order
 */
function multiPowerAt(
  { L0, A, alpha, B, C, beta, gamma }: MultiPowerParameters,
  { weights, logRates, logDistances, completed, rateSum }: RateChanges,
  derivatives?: Float64Array,
): number {
  const logC = Math.log(C);
  let effect = completed;
  let byLogC = 0;
  let byBeta = 0;
  let byGamma = 0;
  for (let term = 0; term < weights.length; term++) {
    const weight = weights[term]!;
    const logRate = logRates[term]!;
    const growth = Math.exp(logC - gamma * logRate + logDistances[term]!);
    const logGrown = Math.log1p(growth);
    const left = weight * Math.exp(-beta * logGrown);
    const slope = (left * growth) / (1 + growth);
    effect += weight - left;
    byBeta += left * logGrown;
    byLogC += slope;
    byGamma -= slope * logRate;
  }
  const logSum = Math.log(rateSum);
  const power = Math.exp(-alpha * logSum);
  derivatives?.set([
    1,
    power,
    -A * power * logSum,
    effect,
    B * beta * byLogC,
    B * byBeta,
    B * beta * byGamma,
  ]);
  return L0 + A * power + B * effect;
}

/**
 * Loss after the last step of a run by the multi-power law, summed over every step.
 *
 * @param gradient Filled, where given, with the derivatives by the rate of each step, which must then all be above 0
 */
function multiPowerFinalLoss(
  { L0, A, alpha, B, C, beta, gamma }: MultiPowerParameters,
  rates: ArrayLike<number>,
  gradient?: Float64Array,
): number {
  const { length } = rates;
  const byDistance = new Float64Array(gradient === undefined ? 0 : length);
  let distance = 0;
  let effect = 0;
  let nextShare = 0;
  for (let index = length - 1; index >= 0; index--) {
    const rate = rates[index]!;
    const change = rate - (index === 0 ? 0 : rates[index - 1]!);
    distance += rate;
    // While the rate stays 0 to the end nothing moves.
    const growth = distance === 0 ? 0 : C * rate ** -gamma * distance;
    const left = (1 + growth) ** -beta;
    const share = 1 - left;
    effect += change * share;
    if (gradient === undefined) continue;
    const slope = (change * beta * left * growth) / (1 + growth);
    // A rate is part of the change at its own step and of the one at the next.
    gradient[index] = B * (share - nextShare - (gamma * slope) / rate);
    byDistance[index] = slope / distance;
    nextShare = share;
  }
  if (gradient !== undefined) {
    // It also adds to the summed rate from every earlier change on.
    let sum = (-alpha * A * distance ** (-alpha - 1)) / B;
    for (let index = 0; index < length; index++) {
      sum += byDistance[index]!;
      gradient[index]! += B * sum;
    }
  }
  return L0 + A * distance ** -alpha + B * effect;
}
