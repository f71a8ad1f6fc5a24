import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  greater,
  lerp,
  likeParameter,
  log,
  movingAverage,
  mul,
  pow,
  sqrt,
  square,
  sub,
  where,
  withoutVanished,
} from '@steepest/optimizer';

/** Keeps the half-life of a decay of 0 finite: in the authors' code, not in their paper. */
const smallestDecay = 1e-8;

/** How many steps back an average with this decay has half of its weight, less one. */
const halfLife = (decay: Expression): Expression =>
  sub(div(Math.log(0.5), log(add(decay, smallestDecay))), 1);

/**
 * AdEMAMix: Adam with a second, much slower momentum. `m`, `n` and `v` are exponential moving averages of `g`, `g` and
 * `g * g` with the decays `beta1`, `beta3` and `beta2`, and
 * `p -= learningRate * (m / (1 - beta1^t) + alpha * n) / (sqrt(v / (1 - beta2^t)) + epsilon)`; `n` is not corrected.
 *
 * Pagliardini, Ablin and Grangier 2024, arXiv 2409.03137, algorithm 1, with their two warm-ups: of `alpha`, linear, and of
 * `beta3` from `beta1` on, linear in its half-life. Both count the gradients of each parameter.
 */
export const ademamixRule = defineUpdateRule({
  name: 'ademamix',
  title: 'AdEMAMix',
  paper: {
    authors: 'Pagliardini, Ablin and Grangier',
    year: 2024,
    title: 'The AdEMAMix Optimizer: Better, Faster, Older',
    source: 'arXiv 2409.03137',
  },
  recommended: [
    {
      scale: 'a run of 256,000 steps',
      settings: {
        learningRate: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        beta3: 0.9999,
        alpha: 8,
        alphaWarmupSteps: 256000,
        beta3WarmupSteps: 256000,
        weightDecay: 0.1,
      },
      remark: 'both warm-ups as long as the run',
      source: 'apple/ml-ademamix, README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the fast momentum' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    beta3: { default: 0.9999, minimum: 0, below: 1, description: 'Decay of the slow momentum' },
    alpha: { default: 2, minimum: 0, description: 'Weight of the slow momentum' },
    alphaWarmupSteps: {
      default: 0,
      minimum: 0,
      description: 'Gradients over which alpha grows from 0; 0 for no warm-up',
    },
    beta3WarmupSteps: {
      default: 0,
      minimum: 0,
      description: 'Gradients over which beta3 grows from beta1; 0 for no warm-up',
    },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
  },
  slots: () => ({ momentum: likeParameter, slowMomentum: likeParameter, secondMoment: likeParameter }),
  update({ parameter, gradient, ...slots }, scalars, { constant }) {
    const { learningRate, beta1, beta2, epsilon, step } = scalars;
    const momentum = lerp(gradient, slots.momentum!, beta1);
    const slowMomentum = lerp(gradient, slots.slowMomentum!, beta3At(scalars));
    const secondMoment = movingAverage(square(gradient), slots.secondMoment!, beta2);
    const fast = div(momentum, sub(1, pow(beta1, step)));
    const direction = add(fast, mul(alphaAt(scalars), slowMomentum));
    const denominator = add(div(sqrt(secondMoment), sqrt(sub(1, pow(beta2, step)))), epsilon);
    const move = mul(learningRate, div(direction, denominator));
    return {
      parameter: sub(parameter, withoutVanished(move, secondMoment, constant('epsilon'))),
      momentum,
      slowMomentum,
      secondMoment,
    };
  },
});

type Warmup = Readonly<
  Record<'alpha' | 'alphaWarmupSteps' | 'beta1' | 'beta3' | 'beta3WarmupSteps' | 'step', Expression>
>;

function alphaAt({ alpha, alphaWarmupSteps, step }: Warmup): Expression {
  return where(greater(alphaWarmupSteps, step), div(mul(alpha, step), alphaWarmupSteps), alpha);
}

function beta3At({ beta1, beta3, beta3WarmupSteps, step }: Warmup): Expression {
  const warmed = lerp(halfLife(beta1), halfLife(beta3), div(step, beta3WarmupSteps));
  return where(greater(beta3WarmupSteps, step), pow(0.5, div(1, add(warmed, 1))), beta3);
}
