import {
  abs,
  add,
  defineUpdateRule,
  div,
  type Expression,
  equal,
  flag,
  greater,
  lerp,
  likeParameter,
  maximum,
  minimum,
  mul,
  oneMinusPower,
  type SettingSpec,
  sqrt,
  square,
  sub,
  where,
  withoutVanished,
} from '@steepest/optimizer';

interface DAdaptationSettings {
  readonly initialD: number;
  readonly growthRate: number | null;
  readonly biasCorrection: boolean;
}

type Scalars = Readonly<Record<string, Expression>>;

/** By what the estimate and the bias correction scale the learning rate. */
function factorOf(
  { beta1, beta2 }: Scalars,
  d: Expression,
  finishedSteps: Expression,
  { biasCorrection }: DAdaptationSettings,
): Expression {
  if (!biasCorrection) return d;
  const step = add(finishedSteps, 1);
  return mul(d, div(sqrt(oneMinusPower(beta2!, step)), oneMinusPower(beta1!, step)));
}

/** The weighted average of the gradients after the step. */
function nextGradientSum(
  gradient: Expression,
  gradientSum: Expression,
  { learningRate, beta2 }: Scalars,
  rate: Expression,
): Expression {
  const next = lerp(mul(rate, gradient), gradientSum, sqrt(beta2!));
  // In a step without a learning rate nothing is learned.
  return where(greater(learningRate!, 0), next, gradientSum);
}

/**
 * Adam with D-Adaptation: its step size is a lower bound `d` of the distance from the start to the solution, which grows with
 * the evidence. With `L = d * learningRate`, `b = sqrt(beta2)` and sums over all elements of all parameters, every step makes
 *
 *     r  = b * r + (1 - b) * L * sum(g * s / (sqrt(v) + epsilon))        with the s and v of before
 *     m  = beta1 * m + (1 - beta1) * L * g
 *     v  = beta2 * v + (1 - beta2) * g * g
 *     s  = b * s + (1 - b) * L * g
 *     d' = max(d, r / ((1 - b) * sum(|s|))), at most d * growthRate
 *     p  = p - L * weightDecay * p - m / (sqrt(v) + epsilon)
 *
 * Defazio and Mishchenko 2023, arXiv 2301.07733, algorithm 5, as in the third version of the authors' code. The rate is inside
 * `m`: a change of it acts through the average. `biasCorrection`, an addition of that code, multiplies `L` by that of Adam.
 */
export const dAdaptAdamRule = defineUpdateRule({
  name: 'd-adaptation',
  title: 'D-Adaptation Adam',
  paper: {
    authors: 'Defazio and Mishchenko',
    year: 2023,
    title: 'Learning-Rate-Free Learning by D-Adaptation',
    source: 'arXiv 2301.07733',
  },
  recommended: [
    {
      scale: 'any network',
      settings: { learningRate: 1 },
      remark: 'under the schedule that the problem would have anyway',
      source: 'facebookresearch/dadaptation, README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1, minimum: 0, description: 'Factor of the estimated step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the momentum' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
  },
  settings: {
    initialD: {
      default: 1e-6,
      description: 'First estimate of the distance',
      check: (value) =>
        typeof value === 'number' && value > 0 && Number.isFinite(value)
          ? undefined
          : 'must be a positive number',
    } as SettingSpec<number>,
    growthRate: {
      default: null,
      description: 'Largest factor by which the estimate grows in a step; null for no limit',
      check: (value) =>
        value === null || (typeof value === 'number' && value > 1 && Number.isFinite(value))
          ? undefined
          : 'must be a number above 1, or null',
    } as SettingSpec<number | null>,
    biasCorrection: flag(false, 'Corrects the step size as Adam does'),
  },
  defaults: { weightDecayMode: 'l2' },
  ownsDecay: true,
  groupState: {
    initial: { d: ({ initialD }) => initialD, numerator: 0, finishedSteps: 0 },
    sums: {
      progress({ gradient, secondMoment, gradientSum }, scalars, { settings, constant }) {
        const rate = mul(
          scalars.learningRate,
          factorOf(scalars, scalars.d!, scalars.finishedSteps!, settings),
        );
        const quotient = div(gradientSum!, add(sqrt(secondMoment!), scalars.epsilon));
        return mul(mul(rate, gradient), withoutVanished(quotient, secondMoment!, constant('epsilon')));
      },
      gradientSumNorm({ gradient, gradientSum }, scalars, { settings }) {
        const { learningRate, d, finishedSteps } = scalars;
        const rate = mul(learningRate, factorOf(scalars, d!, finishedSteps!, settings));
        const size = abs(nextGradientSum(gradient, gradientSum!, scalars, rate));
        // 0 in a pause, but NaN where the sum is NaN; an infinite one only keeps the estimate where it is.
        return where(greater(learningRate, 0), size, mul(0, minimum(size, 1)));
      },
    },
    next({ d, numerator, finishedSteps, progress, gradientSumNorm, beta2 }, { growthRate }) {
      const decay = sqrt(beta2);
      const nextNumerator = lerp(progress!, numerator!, decay);
      const estimate = div(nextNumerator, mul(sub(1, decay), gradientSumNorm!));
      const limited = growthRate === null ? estimate : minimum(estimate, mul(d!, growthRate));
      // NaN is not still: it must show in the weights.
      const isStill = equal(gradientSumNorm!, 0);
      return {
        d: where(isStill, d!, maximum(d!, limited)),
        numerator: where(isStill, numerator!, nextNumerator),
        finishedSteps: where(isStill, finishedSteps!, add(finishedSteps!, 1)),
      };
    },
  },
  slots: () => ({ momentum: likeParameter, secondMoment: likeParameter, gradientSum: likeParameter }),
  update({ parameter, gradient, ...slots }, scalars, { settings, constant, weightDecayMode }) {
    const { learningRate, beta1, beta2, epsilon, decay, gradientSumNorm: norm } = scalars;
    const factor = factorOf(scalars, scalars['before:d']!, scalars['before:finishedSteps']!, settings);
    const rate = mul(learningRate, factor);
    const learns = greater(learningRate, 0);
    const momentum = where(learns, lerp(mul(rate, gradient), slots.momentum!, beta1), slots.momentum!);
    const secondMoment = where(
      learns,
      lerp(square(gradient), slots.secondMoment!, beta2),
      slots.secondMoment!,
    );
    const move = div(momentum, add(sqrt(secondMoment), epsilon));
    // Of the other modes of decay the fraction is what it is, whatever the step size.
    const share = weightDecayMode === 'decoupled' ? mul(decay, factor) : decay;
    const decayed = mul(parameter, sub(1, share));
    const moved = sub(decayed, withoutVanished(move, secondMoment, constant('epsilon')));
    return {
      // As long as every gradient was 0, or no parameter learns, nothing moves or decays; a norm of NaN shows at once.
      parameter: where(greater(norm!, 0), moved, sub(parameter, norm!)),
      momentum,
      secondMoment,
      gradientSum: nextGradientSum(gradient, slots.gradientSum!, scalars, rate),
    };
  },
});
