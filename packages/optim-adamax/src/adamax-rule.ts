import {
  abs,
  add,
  defineUpdateRule,
  div,
  lerp,
  likeParameter,
  maximum,
  mul,
  pow,
  sub,
  withoutVanished,
} from '@steepest/optimizer';

/**
 * Adamax: Adam that divides by the largest recent gradient instead of their root mean square.
 * `m = beta1 * m + (1 - beta1) * g`, `u = max(beta2 * u, |g| + epsilon)`, then `p -= learningRate / (1 - beta1^t) * m / u`.
 *
 * Kingma and Ba 2015, arXiv 1412.6980, algorithm 2; `epsilon` is PyTorch's, in the maximum and so in what is kept.
 */
export const adamaxRule = defineUpdateRule({
  name: 'adamax',
  title: 'Adamax',
  paper: {
    authors: 'Kingma and Ba',
    year: 2015,
    title: 'Adam: A Method for Stochastic Optimization',
    source: 'arXiv 1412.6980',
  },
  recommended: [
    {
      scale: 'where Adam is used',
      settings: { learningRate: 0.002, beta1: 0.9, beta2: 0.999 },
      source: 'Kingma and Ba 2015, arXiv 1412.6980, algorithm 2',
    },
  ],
  hyperparameters: {
    learningRate: { default: 2e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the first moment' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the largest gradient' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the size of each gradient' },
  },
  defaults: { weightDecayMode: 'l2' },
  slots: () => ({ momentum: likeParameter, infinityNorm: likeParameter }),
  update({ parameter, gradient, ...slots }, { learningRate, beta1, beta2, epsilon, step }, { constant }) {
    const momentum = lerp(gradient, slots.momentum!, beta1);
    const infinityNorm = maximum(mul(beta2, slots.infinityNorm!), add(abs(gradient), epsilon));
    const stepSize = div(learningRate, sub(1, pow(beta1, step)));
    const move = mul(stepSize, div(momentum, infinityNorm));
    return {
      parameter: sub(parameter, withoutVanished(move, infinityNorm, constant('epsilon'))),
      momentum,
      infinityNorm,
    };
  },
});
