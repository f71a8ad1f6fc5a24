import {
  add,
  defineUpdateRule,
  div,
  lerp,
  likeParameter,
  maximum,
  minimum,
  mul,
  square,
  sub,
} from '@steepest/optimizer';

/**
 * Sophia-G: `m = beta1 * m + (1 - beta1) * g`, then
 * `p -= learningRate * clip(m / (rho * batchTokens * h + epsilon), -1, 1)`.
 *
 * `h` estimates the diagonal of the Gauss-Newton matrix. It changes only when it is refreshed, with gradients `q` of
 * the mean loss on labels drawn from the model's own predictions: `h = beta2 * h + (1 - beta2) * q * q`. Without a
 * refresh so far, every step is a step by the sign of the momentum. Neither average is bias-corrected.
 *
 * Liu et al. 2023, arXiv 2305.14342, algorithms 2 and 3; the factor `batchTokens` of algorithm 2 stands in the
 * update, as in the authors' code, and their `epsilon` is added where the paper takes a maximum.
 */
export const sophiaRule = defineUpdateRule({
  name: 'sophia',
  title: 'Sophia',
  paper: {
    authors: 'Liu et al.',
    year: 2023,
    title: 'Sophia: A Scalable Stochastic Second-order Optimizer for Language Model Pre-training',
    source: 'arXiv 2305.14342',
  },
  recommended: [
    {
      scale: 'GPT-2 small, 125 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: {
        learningRate: 6e-4,
        beta1: 0.965,
        beta2: 0.99,
        rho: 0.05,
        weightDecay: 0.2,
        clipGlobalNorm: 1,
      },
      remark: 'refreshed every 10 steps; warm-up over 2,000 steps, then a cosine to 1.5e-5',
      source: 'Liuhong99/Sophia, config/train_gpt2_small_sophiag.py',
    },
    {
      scale: 'GPT-2 medium, 355 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: {
        learningRate: 7e-4,
        beta1: 0.965,
        beta2: 0.99,
        rho: 0.08,
        weightDecay: 0.2,
        clipGlobalNorm: 1,
      },
      remark: 'refreshed every 10 steps; warm-up over 2,000 steps, then a cosine to 1e-5',
      source: 'Liuhong99/Sophia, config/train_gpt2_medium_sophiag.py',
    },
    {
      scale: 'GPT-2 large, 770 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: {
        learningRate: 3e-4,
        beta1: 0.965,
        beta2: 0.99,
        rho: 0.05,
        weightDecay: 0.2,
        clipGlobalNorm: 1,
      },
      remark: 'refreshed every 10 steps; warm-up over 2,000 steps, then a cosine to 1e-5',
      source: 'Liuhong99/Sophia, config/train_gpt2_large_sophiag.py',
    },
  ],
  signBased: true,
  hyperparameters: {
    learningRate: { default: 1e-4, minimum: 0, description: 'The farthest a weight moves in a step' },
    beta1: { default: 0.965, minimum: 0, below: 1, description: 'Decay of the momentum' },
    beta2: { default: 0.99, minimum: 0, below: 1, description: 'Decay of the curvature, once a refresh' },
    rho: {
      default: 0.04,
      minimum: 0,
      description: 'Scale of the curvature; a larger one clips fewer weights',
    },
    batchTokens: {
      default: 1,
      minimum: 0,
      description: 'Predictions a batch, over which the loss of a refresh is a mean',
    },
    epsilon: { default: 1e-15, minimum: 0, description: 'Added to the curvature, which it keeps from zero' },
  },
  slots: () => ({ momentum: likeParameter, hessian: likeParameter }),
  update({ parameter, gradient, ...slots }, { learningRate, beta1, rho, batchTokens, epsilon }) {
    const momentum = lerp(gradient, slots.momentum!, beta1);
    const curvature = add(mul(mul(rho, batchTokens), slots.hessian!), epsilon);
    const direction = maximum(minimum(div(momentum, curvature), 1), -1);
    return {
      parameter: sub(parameter, mul(learningRate, direction)),
      momentum,
      hessian: slots.hessian!,
    };
  },
  refresh({ gradient, hessian }, { beta2 }) {
    return { hessian: lerp(square(gradient), hessian!, beta2) };
  },
});
