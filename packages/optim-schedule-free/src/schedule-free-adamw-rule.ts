import {
  add,
  defineUpdateRule,
  div,
  lerp,
  likeParameter,
  pow,
  type RuleContext,
  sqrt,
  square,
  sub,
} from '@steepest/optimizer';
import {
  averagedIterate,
  movedIterates,
  placeSetting,
  stepOfZ,
  warmup,
  warmupFraction,
  warmupHyperparameter,
  weightHyperparameters,
  weightsOfAverage,
  zSlot,
} from './iterates.ts';

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
export const scheduleFreeAdamWRule = defineUpdateRule({
  name: 'schedule-free-adamw',
  title: 'Schedule-free AdamW',
  paper: {
    authors: 'Defazio et al.',
    year: 2024,
    title: 'The Road Less Scheduled',
    source: 'arXiv 2405.15682',
  },
  ownsDecay: true,
  recommended: [
    {
      scale: 'handwritten digits, batches of 64',
      settings: { learningRate: 2.5e-3 },
      source: 'facebookresearch/schedule_free, examples/mnist/main.py',
    },
    {
      scale: 'all workloads of AlgoPerf with one setting',
      settings: {
        learningRate: 2.5e-3,
        beta1: 0.9,
        beta2: 0.9955,
        weightDecay: 0.0812,
        polynomialPower: 0.75,
      },
      remark: '`warmupSteps`: 2 % of the steps',
      source:
        'facebookresearch/schedule_free, schedulefree/algoperf/self_tuning/schedule_free_adamw/submission.py',
    },
    {
      scale: 'very long runs',
      settings: { beta1: 0.95 },
      remark: 'or 0.98; rates of 1 to 10 times those under a schedule, and a warm-up',
      source: 'facebookresearch/schedule_free, README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 2.5e-3, minimum: 0, description: 'Step size' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
    ...warmupHyperparameter,
    ...weightHyperparameters,
    innerMomentum: { default: 0, minimum: 0, below: 1, description: 'Decay of the momentum; 0 keeps none' },
  },
  settings: { beta1: placeSetting },
  groupState: weightsOfAverage(warmupFraction),
  slots: (context) => ({
    z: zSlot,
    secondMoment: likeParameter,
    ...(keepsMomentum(context) ? { momentum: likeParameter } : {}),
  }),
  update({ parameter, gradient, ...slots }, scalars, context) {
    const { beta2, epsilon, innerMomentum, iteration } = scalars;
    const secondMoment = lerp(square(gradient), slots.secondMoment!, beta2);
    const denominator = add(div(sqrt(secondMoment), sqrt(sub(1, pow(beta2, iteration)))), epsilon);
    const momentum = keepsMomentum(context) ? lerp(gradient, slots.momentum!, innerMomentum) : undefined;
    const direction =
      momentum === undefined ? gradient : div(momentum, sub(1, pow(innerMomentum, iteration)));
    const step = stepOfZ(
      scalars,
      warmup(iteration, scalars.warmupSteps),
      div(direction, denominator),
      parameter,
    );
    return {
      ...movedIterates({ parameter, z: slots.z!, step, place: context.settings.beta1, scalars }),
      secondMoment,
      ...(momentum === undefined ? {} : { momentum }),
    };
  },
  average({ parameter, z }, _scalars, { settings: { beta1 } }) {
    return averagedIterate(parameter, z!, beta1);
  },
});
