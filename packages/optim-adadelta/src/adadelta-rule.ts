import {
  add,
  defineUpdateRule,
  div,
  lerp,
  likeParameter,
  mul,
  sqrt,
  square,
  sub,
  withoutVanished,
} from '@steepest/optimizer';

/**
 * Adadelta: every gradient is scaled by the ratio of two root mean squares, that of the updates so far and that of the gradients.
 * `v = rho * v + (1 - rho) * g * g`, `u = g * sqrt(a + epsilon) / sqrt(v + epsilon)`, `a = rho * a + (1 - rho) * u * u`,
 * then `p -= learningRate * u`.
 *
 * Zeiler 2012, arXiv 1212.5701, algorithm 1. The learning rate, 1 in the paper, is PyTorch's addition.
 */
export const adadeltaRule = defineUpdateRule({
  name: 'adadelta',
  title: 'Adadelta',
  paper: {
    authors: 'Zeiler',
    year: 2012,
    title: 'ADADELTA: An Adaptive Learning Rate Method',
    source: 'arXiv 1212.5701',
  },
  recommended: [
    {
      scale: 'handwritten digits',
      settings: { learningRate: 1, rho: 0.95, epsilon: 1e-6 },
      remark: 'the paper has no learning rate at all',
      source: 'Zeiler 2012, arXiv 1212.5701, the runs on handwritten digits',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1, minimum: 0, description: 'Factor of every update' },
    rho: { default: 0.9, minimum: 0, below: 1, description: 'Decay of both averages' },
    epsilon: {
      default: 1e-6,
      minimum: 0,
      description: 'Added to both averages under their roots; it sets the size of the first steps',
    },
  },
  defaults: { weightDecayMode: 'l2' },
  slots: () => ({ secondMoment: likeParameter, updateSecondMoment: likeParameter }),
  update({ parameter, gradient, ...slots }, { learningRate, rho, epsilon }, { constant }) {
    const secondMoment = lerp(square(gradient), slots.secondMoment!, rho);
    const ratio = div(sqrt(add(slots.updateSecondMoment!, epsilon)), sqrt(add(secondMoment, epsilon)));
    const update = withoutVanished(mul(gradient, ratio), secondMoment, constant('epsilon'));
    return {
      parameter: sub(parameter, mul(learningRate, update)),
      secondMoment,
      updateSecondMoment: lerp(square(update), slots.updateSecondMoment!, rho),
    };
  },
});
