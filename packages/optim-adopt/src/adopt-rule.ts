import {
  defineUpdateRule,
  div,
  equal,
  flag,
  lerp,
  likeParameter,
  maximum,
  minimum,
  movingAverage,
  mul,
  neg,
  pow,
  sqrt,
  square,
  sub,
  where,
  withoutVanished,
} from '@steepest/optimizer';

/**
 * ADOPT: Adam that divides each gradient by the second moment of those before it, and averages the quotients. The first
 * gradient only sets `v = g * g`; with `k` gradients before this one, `u = g / max(sqrt(v), epsilon)`, brought into
 * ±`k^clipExponent`, then `m = beta1 * m + (1 - beta1) * u`, `p -= learningRate * m` and `v = beta2 * v + (1 - beta2) * g * g`.
 *
 * Taniguchi et al. 2024, arXiv 2411.02853, algorithm 2; without clipping algorithm 1.
 */
export const adoptRule = defineUpdateRule({
  name: 'adopt',
  title: 'ADOPT',
  paper: {
    authors: 'Taniguchi et al.',
    year: 2024,
    title: 'ADOPT: Modified Adam Can Converge with Any β2 with the Optimal Rate',
    source: 'arXiv 2411.02853',
  },
  recommended: [
    {
      scale: 'in place of Adam',
      settings: { learningRate: 1e-3, beta1: 0.9, beta2: 0.9999, epsilon: 1e-6 },
      remark: 'or the learning rate of that Adam',
      source: 'iShohei220/adopt, README.md and the defaults of src/adopt/adopt.py',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the momentum' },
    beta2: { default: 0.9999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-6, minimum: 0, description: 'Smallest number that gradients are divided by' },
    clipExponent: {
      default: 0.25,
      minimum: 0,
      description: 'Power of the number of earlier gradients that bounds every quotient',
    },
  },
  settings: {
    clipQuotients: flag(true, 'Bound the quotients; false is the algorithm as first published'),
  },
  defaults: { weightDecayMode: 'l2' },
  // The first gradient moves nothing, so that nothing decays with it either.
  ownsDecay: true,
  startsAtFirstGradient: true,
  slots: () => ({ momentum: likeParameter, secondMoment: likeParameter }),
  update({ parameter, gradient, ...slots }, scalars, { settings, constant }) {
    const { learningRate, beta1, beta2, epsilon, clipExponent, decay, step } = scalars;
    const isFirst = equal(step, 1);
    const plain = div(gradient, maximum(sqrt(slots.secondMoment!), epsilon));
    // With an epsilon that float32 rounds to 0, a gradient of 0 after others of 0 would be 0 / 0.
    const quotient = withoutVanished(plain, gradient, constant('epsilon'));
    const bound = pow(sub(step, 1), clipExponent);
    const bounded = settings.clipQuotients ? minimum(maximum(quotient, neg(bound)), bound) : quotient;
    const momentum = where(isFirst, slots.momentum!, lerp(bounded, slots.momentum!, beta1));
    const decayed = mul(parameter, sub(1, decay));
    return {
      parameter: where(isFirst, parameter, sub(decayed, mul(learningRate, momentum))),
      momentum,
      secondMoment: where(
        isFirst,
        square(gradient),
        movingAverage(square(gradient), slots.secondMoment!, beta2),
      ),
    };
  },
});
