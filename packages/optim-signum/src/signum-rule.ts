import { defineUpdateRule, lerp, likeParameter, mul, sign, sub } from '@steepest/optimizer';

/**
 * Signum: `m = beta1 * m + (1 - beta1) * g; p -= learningRate * sign(m)`.
 *
 * Bernstein et al. 2018, arXiv 1802.04434, algorithm 2. The same as Lion with `beta2 = beta1`. The sign of zero is zero.
 */
export const signumRule = defineUpdateRule({
  name: 'signum',
  title: 'Signum',
  paper: {
    authors: 'Bernstein et al.',
    year: 2018,
    title: 'signSGD: Compressed Optimization for Non-Convex Problems',
    source: 'arXiv 1802.04434',
  },
  recommended: [
    {
      scale: '150 million parameters on C4, 25,000 steps of 131,072 tokens',
      settings: { learningRate: 3.16e-4, beta1: 0.9, weightDecay: 0, clipGlobalNorm: 1 },
      remark: 'warm-up over a tenth of the run, then a cosine to a tenth',
      source: 'Zhao et al. 2024, arXiv 2407.07972: the authors’ code',
    },
  ],
  signBased: true,
  hyperparameters: {
    learningRate: { default: 1e-4, minimum: 0, description: 'How far every weight moves in a step' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the momentum' },
  },
  slots: () => ({ momentum: likeParameter }),
  update({ parameter, gradient, momentum: previous }, { learningRate, beta1 }) {
    const momentum = lerp(gradient, previous!, beta1);
    return { parameter: sub(parameter, mul(learningRate, sign(momentum))), momentum };
  },
});
