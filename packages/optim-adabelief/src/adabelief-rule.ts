import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  flag,
  greater,
  lerp,
  likeParameter,
  maximum,
  mul,
  pow,
  sqrt,
  square,
  sub,
  where,
  withoutVanished,
} from '@steepest/optimizer';

/** The length of the simple moving average from which on the adaptive step is taken. */
const shortestRectified = 5;

/**
 * AdaBelief: Adam that divides by how far gradients are from their average `m`, `s = beta2 * s + (1 - beta2) * (g - m)^2 + epsilon`,
 * then `p -= learningRate * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + epsilon)`. With `rectify` the step waits and grows as in
 * RAdam, and `epsilon` joins the uncorrected root.
 *
 * Zhuang et al. 2020, arXiv 2010.07468, algorithm 2; rectified as in the authors' code, where it is the default.
 */
export const adabeliefRule = defineUpdateRule({
  name: 'adabelief',
  title: 'AdaBelief',
  paper: {
    authors: 'Zhuang et al.',
    year: 2020,
    title: 'AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients',
    source: 'arXiv 2010.07468',
  },
  recommended: [
    {
      scale: 'transformers',
      settings: { learningRate: 5e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-16, weightDecay: 1e-4 },
      remark: 'with rectification there',
      source: 'juntang-zhuang/Adabelief-Optimizer, README.md',
    },
    {
      scale: 'residual networks on ImageNet',
      settings: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
      source: 'juntang-zhuang/Adabelief-Optimizer, README.md',
    },
    {
      scale: 'small adversarial networks',
      settings: { learningRate: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-12, weightDecay: 0 },
      source: 'juntang-zhuang/Adabelief-Optimizer, README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the momentum' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the variance' },
    epsilon: {
      default: 1e-16,
      minimum: 0,
      description: 'Added to the variance in every step, which keeps it, and to its root',
    },
  },
  settings: {
    rectify: flag(true, 'Let the step wait and grow until the variance is known, as in RAdam'),
    degenerateToSgd: flag(
      true,
      'Move by the momentum alone while a rectified step waits; false stays in place',
    ),
    amsgrad: flag(false, 'Divide by the largest variance so far; without rectify'),
  },
  check: ({ settings }) =>
    settings.amsgrad && settings.rectify
      ? "amsgrad does nothing to rectified steps, as in the authors' code; give rectify: false with it"
      : undefined,
  slots: ({ settings }) => ({
    momentum: likeParameter,
    secondMoment: likeParameter,
    ...(settings.amsgrad ? { maxSecondMoment: likeParameter } : {}),
  }),
  update({ parameter, gradient, ...slots }, scalars, { settings, constant }) {
    const { learningRate, beta1, beta2, epsilon, step } = scalars;
    const momentum = lerp(gradient, slots.momentum!, beta1);
    const surprise = square(sub(gradient, momentum));
    const secondMoment = add(lerp(surprise, slots.secondMoment!, beta2), epsilon);
    const largest = settings.amsgrad ? maximum(slots.maxSecondMoment!, secondMoment) : secondMoment;
    const correction2 = sub(1, pow(beta2, step));
    const plainSize = div(learningRate, sub(1, pow(beta1, step)));

    const adaptive = (size: Expression, root: Expression): Expression => {
      const quotient = mul(size, div(momentum, add(root, epsilon)));
      // The variance has epsilon in it, so its root is no less than that of epsilon; where that vanishes, gradients that were
      // exactly their average would divide by 0.
      return withoutVanished(quotient, largest, Math.sqrt(constant('epsilon') ?? 0));
    };
    let move = adaptive(plainSize, div(sqrt(largest), sqrt(correction2)));
    if (settings.rectify) {
      const longest = sub(div(2, sub(1, beta2)), 1);
      const length = sub(longest, div(mul(mul(2, step), pow(beta2, step)), correction2));
      const size = mul(plainSize, mul(rectification(length, longest), sqrt(correction2)));
      const waiting = settings.degenerateToSgd ? mul(plainSize, momentum) : mul(0, momentum);
      move = where(greater(shortestRectified, length), waiting, adaptive(size, sqrt(secondMoment)));
    }
    return {
      parameter: sub(parameter, move),
      momentum,
      secondMoment,
      ...(settings.amsgrad ? { maxSecondMoment: largest } : {}),
    };
  },
});

/** The `r` of RAdam (Liu et al. 2020, arXiv 1908.03265): real where `length` is above 4, which is where it is used. */
function rectification(length: Expression, longest: Expression): Expression {
  const weight = (of: Expression): Expression => div(mul(sub(of, 4), sub(of, 2)), of);
  return sqrt(div(weight(length), weight(longest)));
}
