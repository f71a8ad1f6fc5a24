import {
  add,
  defineUpdateRule,
  div,
  equal,
  likeParameter,
  maximum,
  mul,
  pow,
  sub,
  where,
} from '@steepest/optimizer';

/**
 * ASGD: gradient descent whose rate falls by itself, with an average of the iterates to evaluate with. `p = p * (1 - lambda * eta) - eta * g`
 * with the `eta` of the gradient before, `learningRate` at first; the average follows `p` until `averageStart` gradients have passed, and is
 * their mean from then on; then `eta = learningRate / (1 + lambda * learningRate * t)^alpha`.
 *
 * Polyak and Juditsky 1992, doi 10.1137/0330046, with the schedule of Bottou's SGD code, as in PyTorch. `t` counts the gradients of a
 * parameter.
 */
export const asgdRule = defineUpdateRule({
  name: 'asgd',
  title: 'ASGD',
  paper: {
    authors: 'Polyak and Juditsky',
    year: 1992,
    title: 'Acceleration of Stochastic Approximation by Averaging',
    source: 'doi 10.1137/0330046',
  },
  recommended: [
    {
      scale: 'LSTM language model on the Penn Treebank, batches of 20 sequences',
      settings: { learningRate: 30, lambda: 0, averageStart: 0, weightDecay: 1.2e-6, clipGlobalNorm: 0.25 },
      remark:
        'SGD first; from the epoch on in which the validation loss is no better than the best up to five epochs before',
      source: 'salesforce/awd-lstm-lm, main.py',
    },
  ],
  hyperparameters: {
    learningRate: { default: 0.01, minimum: 0, description: 'Step size of the first gradient' },
    lambda: { default: 1e-4, minimum: 0, description: 'Decay of the parameter and of the step size' },
    alpha: { default: 0.75, minimum: 0, description: 'Power by which the step size falls' },
    averageStart: { default: 1e6, minimum: 0, description: 'Gradients before the averaging begins' },
  },
  defaults: { weightDecayMode: 'l2' },
  view: ({ parameter }) => (parameter.shape.length === 0 ? [1] : parameter.shape),
  slots: () => ({ average: { ...likeParameter, initial: 'parameter' }, eta: { shape: [1] } }),
  update({ parameter, gradient, ...slots }, { learningRate, lambda, alpha, averageStart, step }) {
    const eta = where(equal(step, 1), learningRate, slots.eta!);
    const kept = mul(parameter, sub(1, mul(lambda, eta)));
    const next = sub(kept, mul(eta, gradient));
    const share = div(1, maximum(1, sub(sub(step, 1), averageStart)));
    const moved = add(slots.average!, mul(share, sub(next, slots.average!)));
    return {
      parameter: next,
      average: where(equal(share, 1), next, moved),
      eta: div(learningRate, pow(add(1, mul(mul(lambda, learningRate), step)), alpha)),
    };
  },
  average: ({ average }) => average!,
});
