import { add, defineUpdateRule, div, mul, sqrt, square, sub } from '@steepest/optimizer';

const isAccumulator = (value: unknown): string | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? undefined
    : 'must be a finite number of at least 0';

/**
 * Adagrad: `s += g * g`, then `p -= learningRate / (1 + (t - 1) * learningRateDecay) * g / (sqrt(s) + epsilon)`.
 *
 * Duchi, Hazan and Singer 2011, Journal of Machine Learning Research 12, figure 1 with diagonal matrices. The decay of
 * the learning rate is PyTorch's addition; `t` counts the gradients that the parameter has received.
 */
export const adagradRule = defineUpdateRule({
  name: 'adagrad',
  title: 'Adagrad',
  paper: {
    authors: 'Duchi, Hazan and Singer',
    year: 2011,
    title: 'Adaptive Subgradient Methods for Online Learning and Stochastic Optimization',
    source: 'jmlr.org/papers/v12/duchi11a.html',
  },
  recommended: [
    {
      scale:
        'LSTM language model with 2,048 cells, 512 projected, on the One Billion Word benchmark, batches of 128 times 20 words',
      settings: { learningRate: 0.2, initialAccumulator: 1 },
      remark:
        'of a loss summed over 20 words; gradients of the LSTM clipped to a norm of 10, that of the embedding times the batch size',
      source: 'rafaljozefowicz/lm, language_model.py',
    },
  ],
  hyperparameters: {
    learningRate: { default: 0.01, minimum: 0, description: 'Step size of the first gradient' },
    learningRateDecay: { default: 0, minimum: 0, description: 'How fast the step size falls by itself' },
    epsilon: {
      default: 1e-10,
      minimum: 0,
      description: 'Added to the square root, which it keeps from zero',
    },
  },
  settings: {
    initialAccumulator: {
      default: 0 as number,
      description: 'What the sum of squares starts from',
      check: isAccumulator,
    },
  },
  defaults: { weightDecayMode: 'l2' },
  slots: ({ settings }) => ({
    sumOfSquares: { shape: 'parameter', initial: settings.initialAccumulator },
  }),
  update({ parameter, gradient, ...slots }, { learningRate, learningRateDecay, epsilon, step }) {
    const sumOfSquares = add(slots.sumOfSquares!, square(gradient));
    const stepSize = div(learningRate, add(1, mul(sub(step, 1), learningRateDecay)));
    return {
      parameter: sub(parameter, div(mul(stepSize, gradient), add(sqrt(sumOfSquares), epsilon))),
      sumOfSquares,
    };
  },
});
