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
  recommended: [
    {
      scale: '150 million parameters on C4, 25,000 steps of 131,072 tokens',
      settings: { learningRate: 3.16e-4, beta1: 0.9, beta2: 0.95, weightDecay: 0, clipGlobalNorm: 1 },
      remark: 'warm-up over a tenth of the run, then a cosine to a tenth',
      source: 'Zhao et al. 2024, arXiv 2407.07972: the authors’ code',
    },
    {
      scale: 'language model of 7.5 billion parameters',
      settings: { learningRate: 1e-4, weightDecay: 0.01 },
      remark: 'where Adafactor had 1e-3 and 0.001',
      source: 'google/automl, lion/README.md',
    },
    {
      scale: 'ViT-B/16 on ImageNet',
      settings: { learningRate: 1e-4, beta1: 0.9, beta2: 0.99, weightDecay: 10 },
      remark: 'with strong augmentations, where AdamW had 1e-3 and 1',
      source: 'google/automl, lion/README.md',
    },
    {
      scale: 'diffusion models',
      settings: { learningRate: 3e-5, beta1: 0.9, beta2: 0.99, weightDecay: 0.1 },
      remark: 'where AdamW had 3e-4 and 0.01',
      source: 'google/automl, lion/README.md',
    },
  ],
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
