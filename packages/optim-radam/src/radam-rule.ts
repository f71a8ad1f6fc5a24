import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  greater,
  lerp,
  likeParameter,
  mul,
  pow,
  sqrt,
  square,
  sub,
  where,
} from '@steepest/optimizer';

/** The length of the simple moving average above which the variance of the adaptive step is taken as known. */
const shortestRectified = 5;

/**
 * RAdam: Adam whose adaptive step waits, and then grows, until the variance of its second moment is known. With
 * `rhoMax = 2 / (1 - beta2) - 1` and `rho = rhoMax - 2 * t * beta2^t / (1 - beta2^t)`,
 * `r = sqrt((rho - 4) * (rho - 2) * rhoMax / ((rhoMax - 4) * (rhoMax - 2) * rho))` and `m`, `v` as in Adam,
 * `p -= learningRate * r * (m / (1 - beta1^t)) * sqrt(1 - beta2^t) / (sqrt(v) + epsilon)` where `rho > 5`, and
 * `p -= learningRate * m / (1 - beta1^t)` before.
 *
 * Liu et al. 2020, arXiv 1908.03265, algorithm 2, with the threshold 5 of the authors' code and of PyTorch (the paper has
 * 4) and PyTorch's place for `epsilon`, outside the uncorrected root.
 */
export const radamRule = defineUpdateRule({
  name: 'radam',
  title: 'RAdam',
  paper: {
    authors: 'Liu et al.',
    year: 2020,
    title: 'On the Variance of the Adaptive Learning Rate and Beyond',
    source: 'arXiv 1908.03265',
  },
  recommended: [
    {
      scale: 'LSTM language model on the One Billion Word benchmark',
      settings: { learningRate: 1e-3 },
      remark: 'without a warm-up, as Adam beside it',
      source: 'LiyuanLucasLiu/RAdam, language-model/recipes.md',
    },
    {
      scale: 'transformer for translation, German to English, batches of 4,000 tokens',
      settings: { learningRate: 3e-4, beta1: 0.9, beta2: 0.999, weightDecay: 1e-4 },
      remark: 'falling linearly over 70,000 steps',
      source: 'LiyuanLucasLiu/RAdam, nmt/recipes.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the first moment' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
  },
  defaults: { weightDecayMode: 'l2' },
  slots: () => ({ momentum: likeParameter, secondMoment: likeParameter }),
  update({ parameter, gradient, ...slots }, { learningRate, beta1, beta2, epsilon, step }) {
    const momentum = lerp(gradient, slots.momentum!, beta1);
    const secondMoment = lerp(square(gradient), slots.secondMoment!, beta2);
    const correction2 = sub(1, pow(beta2, step));
    const rhoMax = sub(div(2, sub(1, beta2)), 1);
    const rho = sub(rhoMax, div(mul(mul(2, step), pow(beta2, step)), correction2));

    const plainSize = div(learningRate, sub(1, pow(beta1, step)));
    const adaptiveSize = mul(plainSize, mul(rectification(rho, rhoMax), sqrt(correction2)));
    const update = where(
      greater(rho, shortestRectified),
      div(mul(adaptiveSize, momentum), add(sqrt(secondMoment), epsilon)),
      mul(plainSize, momentum),
    );
    return { parameter: sub(parameter, update), momentum, secondMoment };
  },
});

/** The paper's `r`: real only where `rho > 4`, which is where it is used. */
function rectification(rho: Expression, rhoMax: Expression): Expression {
  const weight = (length: Expression): Expression => div(mul(sub(length, 4), sub(length, 2)), length);
  return sqrt(div(weight(rho), weight(rhoMax)));
}
