import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  lerp,
  likeParameter,
  minimum,
  mul,
  type Operand,
  pow,
  type RuleContext,
  sqrt,
  square,
  sub,
  where,
} from '@steepest/optimizer';

/** The fraction of the learning rate that the warm-up allows: 1 without one, since iterations count from 1. */
const warmupAt = (iteration: number, warmupSteps: number): number => Math.min(1, iteration / warmupSteps);

const warmup = (iteration: Operand, warmupSteps: Operand): Expression =>
  where(warmupSteps, minimum(1, div(iteration, warmupSteps)), 1);

/** An inner momentum that is the constant 0 needs no buffer. */
const keepsMomentum = (context: RuleContext<'innerMomentum', { beta1: number }>): boolean =>
  context.constant('innerMomentum') !== 0;

/**
 * Schedule-free AdamW. The parameter is `y`, at which the gradient is taken; `x` is what to evaluate:
 *
 *     u  = g / (sqrt(v / (1 - beta2^k)) + epsilon) + weightDecay * y
 *     z -= lr * u
 *     x  = (1 - c) * x + c * z        c = w_k / (w_1 + ... + w_k)
 *     y  = beta1 * x + (1 - beta1) * z
 *
 * with `lr = learningRate * min(1, k / warmupSteps)`, the weights `w_k = k^polynomialPower * (largest lr so far)^weightLrPower`
 * and `k` counting the steps of the group. `x` is not kept: it is `(y - (1 - beta1) * z) / beta1`, which makes the step
 * `y = (1 - c) * y + c * z - (1 - beta1 * (1 - c)) * lr * u` with the `z` of before. With `innerMomentum` `a`, the bias-corrected
 * average of the gradients takes the place of `g`.
 *
 * Defazio et al. 2024, arXiv 2405.15682, equations 8 to 10 and algorithm 1. `polynomialPower` and `innerMomentum` are
 * additions of the authors' code.
 */
export const scheduleFreeRule = defineUpdateRule({
  name: 'schedule-free-adamw',
  title: 'Schedule-free AdamW',
  paper: {
    authors: 'Defazio et al.',
    year: 2024,
    title: 'The Road Less Scheduled',
    source: 'arXiv 2405.15682',
  },
  ownsDecay: true,
  hyperparameters: {
    learningRate: { default: 2.5e-3, minimum: 0, description: 'Step size' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
    warmupSteps: { default: 0, minimum: 0, description: 'Steps in which the learning rate grows linearly' },
    polynomialPower: {
      default: 0,
      minimum: 0,
      description: 'Weight of a step in the average: its number to this power',
    },
    weightLrPower: {
      default: 2,
      minimum: 0,
      description: 'Weight of a step in the average: the largest learning rate to this power',
    },
    innerMomentum: { default: 0, minimum: 0, below: 1, description: 'Decay of the momentum; 0 keeps none' },
  },
  settings: {
    beta1: {
      default: 0.9 as number,
      description: 'Place of y between z (0) and the average x (1)',
      check: (value) =>
        typeof value === 'number' && value >= 0.01 && value <= 1
          ? undefined
          : 'must be a number from 0.01 to 1, the same for the whole run',
    },
  },
  groupState: {
    largestRate: {
      initial: 0,
      next: (previous, now) =>
        Math.max(previous.largestRate!, now.learningRate! * warmupAt(now.iteration!, now.warmupSteps!)),
    },
    weightSum: {
      initial: 0,
      next: (previous, now) => {
        const rate = now.learningRate! * warmupAt(now.iteration!, now.warmupSteps!);
        const largest = Math.max(previous.largestRate!, rate);
        return previous.weightSum! + now.iteration! ** now.polynomialPower! * largest ** now.weightLrPower!;
      },
    },
  },
  slots: (context) => ({
    z: { shape: 'parameter', initial: 'parameter' },
    secondMoment: likeParameter,
    ...(keepsMomentum(context) ? { momentum: likeParameter } : {}),
  }),
  update({ parameter, gradient, ...slots }, scalars, context) {
    const { learningRate, beta2, epsilon, innerMomentum, iteration, decay } = scalars;
    const { beta1 } = context.settings;
    const warm = warmup(iteration, scalars.warmupSteps);
    const secondMoment = lerp(square(gradient), slots.secondMoment!, beta2);
    const denominator = add(div(sqrt(secondMoment), sqrt(sub(1, pow(beta2, iteration)))), epsilon);
    const momentum = keepsMomentum(context) ? lerp(gradient, slots.momentum!, innerMomentum) : undefined;
    const direction =
      momentum === undefined ? gradient : div(momentum, sub(1, pow(innerMomentum, iteration)));
    const step = add(
      mul(mul(learningRate, warm), div(direction, denominator)),
      mul(mul(decay, warm), parameter),
    );

    const weight = mul(
      pow(iteration, scalars.polynomialPower),
      pow(scalars.largestRate!, scalars.weightLrPower),
    );
    // As long as every rate was 0, nothing has moved and nothing is averaged.
    const share = where(scalars.weightSum!, div(weight, scalars.weightSum!), 0);
    const towardsZ = lerp(parameter, slots.z!, share);
    return {
      parameter: sub(towardsZ, mul(sub(1, mul(beta1, sub(1, share))), step)),
      z: sub(slots.z!, step),
      secondMoment,
      ...(momentum === undefined ? {} : { momentum }),
    };
  },
  average({ parameter, z }, _scalars, { settings: { beta1 } }) {
    return div(sub(parameter, mul(1 - beta1, z!)), beta1);
  },
});
