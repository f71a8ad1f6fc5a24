import { defineUpdateRule, div, lerp, likeParameter, mul, pow, sub } from '@steepest/optimizer';

/**
 * __Title__, at its starting point: gradient descent with averaged momentum.
 * `m = beta1 * m + (1 - beta1) * g`, then `p -= learningRate * m / (1 - beta1^t)`.
 *
 * This is Adam without its second moment (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1).
 */
export const __camelName__Rule = defineUpdateRule({
  name: '__name__',
  title: '__Title__',
  paper: {
    authors: '__authors__',
    year: Number('__year__'),
    title: '__paperTitle__',
    source: '__source__',
  },
  hyperparameters: {
    learningRate: { default: 1e-2, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the momentum' },
  },
  slots: () => ({ momentum: likeParameter }),
  update({ parameter, gradient, ...slots }, { learningRate, beta1, step }) {
    const momentum = lerp(gradient, slots.momentum!, beta1);
    const stepSize = div(learningRate, sub(1, pow(beta1, step)));
    return { parameter: sub(parameter, mul(stepSize, momentum)), momentum };
  },
});
