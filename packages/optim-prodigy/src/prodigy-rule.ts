import {
  abs,
  add,
  defineUpdateRule,
  div,
  type Expression,
  equal,
  flag,
  greater,
  likeParameter,
  maximum,
  minimum,
  mul,
  oneMinusPower,
  positiveInteger,
  type SettingSpec,
  sqrt,
  square,
  sub,
  where,
  withoutVanished,
} from '@steepest/optimizer';
import { everyNth } from './every-nth.ts';

/** A setting that is a number in a range, or `null` for what it stands for. */
const numberOrNull = (
  allows: (value: number) => boolean,
  description: string,
  range: string,
): SettingSpec<number | null> => ({
  default: null,
  description,
  check: (value) =>
    value === null || (typeof value === 'number' && allows(value)) ? undefined : `must be ${range}, or null`,
});

type Scalars = Readonly<Record<string, Expression>>;

/** What depends on the estimate as it was before the step. */
interface Rate {
  readonly d: Expression;
  /** The step size of the step. */
  readonly rate: Expression;
  /** By what the estimate and the bias correction scale the learning rate. */
  readonly factor: Expression;
  readonly beta3: Expression;
}

function rateOf(scalars: Scalars, d: Expression, finishedSteps: Expression, settings: ProdigySettings): Rate {
  const { learningRate, beta1, beta2 } = scalars;
  const step = add(finishedSteps, 1);
  const correction = div(sqrt(oneMinusPower(beta2!, step)), oneMinusPower(beta1!, step));
  const factor = settings.biasCorrection ? mul(d, correction) : d;
  const beta3 = settings.beta3 === null ? sqrt(beta2!) : mul(1, settings.beta3);
  return { d, factor, rate: mul(factor, learningRate!), beta3 };
}

/** The average of gradients that the distance is divided by, after the step; of every `sliceStride`-th element. */
function nextGradientSum(
  gradient: Expression,
  gradientSum: Expression,
  { learningRate }: Scalars,
  { d, rate, beta3 }: Rate,
  { initialD, safeguardWarmup }: ProdigySettings,
): Expression {
  const weight = mul(div(d, initialD), safeguardWarmup ? d : rate);
  // In a step without a learning rate nothing is learned.
  return where(greater(learningRate!, 0), add(mul(beta3, gradientSum), mul(weight, gradient)), gradientSum);
}

interface ProdigySettings {
  readonly beta3: number | null;
  readonly biasCorrection: boolean;
  readonly safeguardWarmup: boolean;
  readonly initialD: number;
  readonly growthRate: number | null;
  readonly sliceStride: number;
}

/**
 * Prodigy: Adam whose step size is an estimate `d` of the distance from the start to the solution. With `L = d * learningRate`,
 * `p_0` the first value of the parameter and sums over all elements of all parameters, every step makes
 *
 *     r  = beta3 * r + (d / d_0) * L * sum(g * (p_0 - p))
 *     s  = beta3 * s + (d / d_0) * L * g
 *     d' = max(d, dCoefficient * r / sum(|s|)), at most d * growthRate
 *     m  = beta1 * m + (1 - beta1) * d * g
 *     v  = beta2 * v + (1 - beta2) * d^2 * g * g
 *     p  = p - L * weightDecay * p - L * m / (sqrt(v) + d' * epsilon)
 *
 * Mishchenko and Defazio 2023, arXiv 2306.06101, algorithm 4, with the additions of the authors' code prodigyopt 1.1.2:
 * `safeguardWarmup` has `d` for `L` in `s`, `biasCorrection` multiplies `L` by that of Adam, and `sliceStride` sums over a part of the
 * elements. The first estimates may jump from `d_0` at once, whatever `growthRate` is.
 */
export const prodigyRule = defineUpdateRule({
  name: 'prodigy',
  title: 'Prodigy',
  paper: {
    authors: 'Mishchenko and Defazio',
    year: 2023,
    title: 'Prodigy: An Expeditiously Adaptive Parameter-Free Learner',
    source: 'arXiv 2306.06101',
  },
  recommended: [
    {
      scale: 'any network',
      settings: { learningRate: 1 },
      remark:
        'no schedule, or a cosine to the end of the run without restarts; with a warm-up `safeguardWarmup: true`',
      source: 'konstmish/prodigy, README.md',
    },
    {
      scale: 'diffusion models',
      settings: { learningRate: 1, safeguardWarmup: true, biasCorrection: true, weightDecay: 0.01 },
      remark: 'sometimes with `beta2: 0.99`',
      source: 'konstmish/prodigy, README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1, minimum: 0, description: 'Factor of the estimated step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the momentum' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: {
      default: 1e-8,
      minimum: 0,
      description: 'Added, times the estimate, to the square root, which it keeps from zero',
    },
    dCoefficient: { default: 1, minimum: 0, description: 'Factor of the estimate' },
  },
  settings: {
    beta3: numberOrNull(
      (value) => value >= 0 && value < 1,
      'Decay of the sums of the estimate; null for the square root of beta2',
      'a number, at least 0 and below 1',
    ),
    initialD: {
      default: 1e-6,
      description: 'First estimate of the distance',
      check: (value) =>
        typeof value === 'number' && value > 0 && Number.isFinite(value)
          ? undefined
          : 'must be a positive number',
    } as SettingSpec<number>,
    growthRate: numberOrNull(
      (value) => value > 1 && Number.isFinite(value),
      'Largest factor by which the estimate grows in a step; null for no limit',
      'a number above 1',
    ),
    safeguardWarmup: flag(false, 'Keeps small learning rates of a warm-up from raising the estimate'),
    biasCorrection: flag(false, 'Corrects the step size as Adam does'),
    sliceStride: positiveInteger(1, 'Estimates from every n-th element, to save memory'),
  },
  ownsDecay: true,
  groupState: {
    initial: {
      d: ({ initialD }) => initialD,
      dMax: ({ initialD }) => initialD,
      dNumerator: 0,
      finishedSteps: 0,
    },
    sums: {
      distance({ parameter, gradient, initialParameter }, scalars, { settings, parameter: { size } }) {
        const { d, rate } = rateOf(scalars, scalars.d!, scalars.finishedSteps!, settings);
        const slice = everyNth(size, settings.sliceStride);
        const start = firstParameter(slice(parameter), initialParameter!, scalars, settings);
        const weight = mul(div(d, settings.initialD), rate);
        return mul(mul(weight, slice(gradient)), sub(start, slice(parameter)));
      },
      gradientSumNorm({ gradient, gradientSum }, scalars, { settings, parameter: { size } }) {
        const rate = rateOf(scalars, scalars.d!, scalars.finishedSteps!, settings);
        const sliced = everyNth(size, settings.sliceStride)(gradient);
        const size1 = abs(nextGradientSum(sliced, gradientSum!, scalars, rate, settings));
        // 0 in a pause, but NaN where the sum is NaN; an infinite one only keeps the estimate where it is.
        return where(greater(scalars.learningRate, 0), size1, mul(0, minimum(size1, 1)));
      },
    },
    next(scalars, settings) {
      const { d, dMax, dNumerator, finishedSteps, distance, gradientSumNorm, dCoefficient } = scalars;
      const { beta3 } = rateOf(scalars, d!, finishedSteps!, settings);
      const numerator = add(mul(beta3, dNumerator!), distance!);
      const estimate = div(mul(dCoefficient, numerator), gradientSumNorm!);
      const jumped = where(equal(d!, settings.initialD), maximum(d!, estimate), d!);
      const largest = maximum(dMax!, estimate);
      const limited =
        settings.growthRate === null ? largest : minimum(largest, mul(jumped, settings.growthRate));
      // NaN is not still: it must show in the weights.
      const isStill = equal(gradientSumNorm!, 0);
      return {
        d: where(isStill, d!, limited),
        dMax: where(isStill, dMax!, largest),
        dNumerator: where(isStill, dNumerator!, numerator),
        finishedSteps: where(isStill, finishedSteps!, add(finishedSteps!, 1)),
      };
    },
  },
  slots({ settings, parameter: { size } }) {
    if (settings.sliceStride === 1) {
      return {
        momentum: likeParameter,
        secondMoment: likeParameter,
        gradientSum: likeParameter,
        initialParameter: { shape: 'parameter', initial: 'parameter' } as const,
      };
    }
    const sliced = { shape: [Math.ceil(size / settings.sliceStride)] };
    return {
      momentum: likeParameter,
      secondMoment: likeParameter,
      gradientSum: sliced,
      initialParameter: sliced,
    };
  },
  update({ parameter, gradient, ...slots }, scalars, { settings, constant, weightDecayMode, ...context }) {
    const { learningRate, beta1, beta2, epsilon, decay, gradientSumNorm: norm } = scalars;
    const before = rateOf(scalars, scalars['before:d']!, scalars['before:finishedSteps']!, settings);
    const { d, rate, factor } = before;
    const learns = greater(learningRate, 0);
    const ema = (old: Expression, observed: Expression, beta: Expression): Expression =>
      where(learns, add(mul(beta, old), mul(sub(1, beta), observed)), old);
    const momentum = ema(slots.momentum!, mul(d, gradient), beta1);
    const secondMoment = ema(slots.secondMoment!, square(mul(d, gradient)), beta2);
    const slice = everyNth(context.parameter.size, settings.sliceStride);

    const move = div(mul(rate, momentum), add(sqrt(secondMoment), mul(scalars.d!, epsilon)));
    const smallest = (constant('epsilon') ?? 0) * settings.initialD;
    // Of the other modes of decay the fraction is what it is, whatever the step size.
    const share = weightDecayMode === 'decoupled' ? mul(decay, factor) : decay;
    const decayed = mul(parameter, sub(1, share));
    const moved = sub(decayed, withoutVanished(move, secondMoment, smallest));
    return {
      // As long as every gradient was 0, or no parameter learns, nothing moves or decays; a norm of NaN shows at once.
      parameter: where(greater(norm!, 0), moved, sub(parameter, norm!)),
      momentum,
      secondMoment,
      gradientSum: nextGradientSum(slice(gradient), slots.gradientSum!, scalars, before, settings),
      initialParameter: firstParameter(slice(parameter), slots.initialParameter!, scalars, settings),
    };
  },
});

/** The parameter at its first gradient: a slot of its own shape starts with it. */
function firstParameter(
  present: Expression,
  slot: Expression,
  { step }: Scalars,
  { sliceStride }: ProdigySettings,
): Expression {
  return sliceStride === 1 ? slot : where(equal(step!, 1), present, slot);
}
