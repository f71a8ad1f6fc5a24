import {
  add,
  defineUpdateRule,
  div,
  equal,
  flag,
  lerp,
  likeParameter,
  mul,
  pow,
  sqrt,
  square,
  sub,
  where,
  withoutVanished,
} from '@steepest/optimizer';

/**
 * Adan: Adam with Nesterov momentum, from the differences of gradients. With `d = g - previous g` (0 at a parameter's first
 * gradient), `m`, `e` and `n` are moving averages of `g`, `d` and `(g + beta2 * d)^2` with the decays `beta1`, `beta2` and `beta3`, and
 * `u = (m / (1 - beta1^t) + beta2 * e / (1 - beta2^t)) / (sqrt(n / (1 - beta3^t)) + epsilon)`,
 * `p = (p - learningRate * u) / (1 + learningRate * weightDecay)`.
 *
 * Xie et al. 2022, arXiv 2208.06677, algorithm 1 without restarts, whose betas are 1 minus these. As in the authors' code `t` is the
 * step of the optimizer, whichever parameters have a gradient in it.
 */
export const adanRule = defineUpdateRule({
  name: 'adan',
  title: 'Adan',
  paper: {
    authors: 'Xie et al.',
    year: 2022,
    title: 'Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep Models',
    source: 'arXiv 2208.06677',
  },
  recommended: [
    {
      scale: 'image and language models',
      settings: { beta1: 0.98, beta2: 0.92, beta3: 0.99, weightDecay: 0.02 },
      remark: 'a learning rate 5 to 10 times that of AdamW',
      source: 'sail-sg/Adan, README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.98, minimum: 0, below: 1, description: 'Decay of the average gradient' },
    beta2: { default: 0.92, minimum: 0, below: 1, description: 'Decay and weight of the average difference' },
    beta3: { default: 0.99, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
  },
  settings: {
    proximalDecay: flag(
      true,
      'Decay by dividing after the update; false multiplies before it, as AdamW does',
    ),
  },
  ownsDecay: true,
  startsAtFirstGradient: true,
  slots: () => ({
    momentum: likeParameter,
    differenceMomentum: likeParameter,
    secondMoment: likeParameter,
    previousGradient: likeParameter,
  }),
  update({ parameter, gradient, ...slots }, scalars, { settings, constant }) {
    const { learningRate, beta1, beta2, beta3, epsilon, decay, step, iteration } = scalars;
    const difference = where(equal(step, 1), 0, sub(gradient, slots.previousGradient!));
    const momentum = lerp(gradient, slots.momentum!, beta1);
    const differenceMomentum = lerp(difference, slots.differenceMomentum!, beta2);
    const ahead = square(add(gradient, mul(beta2, difference)));
    const secondMoment = lerp(ahead, slots.secondMoment!, beta3);

    const mean = mul(div(1, sub(1, pow(beta1, iteration))), momentum);
    const slope = mul(div(beta2, sub(1, pow(beta2, iteration))), differenceMomentum);
    const root = div(sqrt(secondMoment), sqrt(sub(1, pow(beta3, iteration))));
    const update = mul(learningRate, div(add(mean, slope), add(root, epsilon)));
    const move = withoutVanished(update, secondMoment, constant('epsilon'));
    return {
      parameter: settings.proximalDecay
        ? div(sub(parameter, move), add(1, decay))
        : sub(mul(parameter, sub(1, decay)), move),
      momentum,
      differenceMomentum,
      secondMoment,
      previousGradient: gradient,
    };
  },
});
