import { defineUpdateRule, lerp, likeParameter, mul, sign, sub } from '@steepest/optimizer';

/**
 * Lion: `p -= learningRate * sign(beta1 * m + (1 - beta1) * g)`, then `m = beta2 * m + (1 - beta2) * g`.
 *
 * Chen et al. 2023, arXiv 2302.06675, algorithm 2. The sign of zero is zero.
 */
export const lionRule = defineUpdateRule({
  name: 'lion',
  title: 'Lion',
  paper: {
    authors: 'Chen et al.',
    year: 2023,
    title: 'Symbolic Discovery of Optimization Algorithms',
    source: 'arXiv 2302.06675',
  },
  signBased: true,
  hyperparameters: {
    learningRate: { default: 1e-4, minimum: 0, description: 'How far every weight moves in a step' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Weight of the momentum in the direction' },
    beta2: { default: 0.99, minimum: 0, below: 1, description: 'Decay of the momentum' },
  },
  slots: () => ({ momentum: likeParameter }),
  update({ parameter, gradient, momentum }, { learningRate, beta1, beta2 }) {
    const direction = sign(lerp(gradient, momentum!, beta1));
    return {
      parameter: sub(parameter, mul(learningRate, direction)),
      momentum: lerp(gradient, momentum!, beta2),
    };
  },
});
