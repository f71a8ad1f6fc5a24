import {
  defineUpdateRule,
  equal,
  greater,
  likeParameter,
  maximum,
  minimum,
  mul,
  sign,
  sub,
  where,
} from '@steepest/optimizer';

/**
 * Rprop: every weight has a step size of its own, which grows while its gradient keeps its sign and shrinks when that turns. The size
 * of the gradient plays no part. With `s` the step size, `learningRate` at first, `s *= increaseFactor` where this gradient and the
 * previous one have one sign and `s *= decreaseFactor` where they have two, within [minimumStep, maximumStep]; where it turned the
 * gradient counts as 0, now and as the next step's previous one. Then `p -= s * sign(g)`.
 *
 * Riedmiller and Braun 1993, in the variant without backtracking (iRprop-, Igel and Hüsken 2000), as in PyTorch.
 */
export const rpropRule = defineUpdateRule({
  name: 'rprop',
  title: 'Rprop',
  paper: {
    authors: 'Riedmiller and Braun',
    year: 1993,
    title: 'A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm',
    source: 'doi 10.1109/ICNN.1993.298623',
  },
  signBased: true,
  rateIsInitial: true,
  recommended: [
    {
      scale: 'gradients of the whole data, without noise',
      settings: { learningRate: 0.1, decreaseFactor: 0.5, increaseFactor: 1.2, maximumStep: 50 },
      remark: 'the first step size matters little',
      source: 'Riedmiller and Braun 1993, as in the R package CaDENCE, rprop',
    },
  ],
  hyperparameters: {
    learningRate: {
      default: 0.01,
      minimum: 0,
      description: 'Step size of the first gradient of a parameter',
    },
    decreaseFactor: {
      default: 0.5,
      minimum: 0,
      below: 1,
      description: 'Factor of the step size where the gradient turned',
    },
    increaseFactor: {
      default: 1.2,
      minimum: 1,
      description: 'Factor of the step size where the gradient kept its sign',
    },
    minimumStep: { default: 1e-6, minimum: 0, description: 'Smallest step size' },
    maximumStep: { default: 50, minimum: 0, description: 'Largest step size' },
  },
  startsAtFirstGradient: true,
  slots: () => ({ previousGradient: likeParameter, stepSize: likeParameter }),
  update({ parameter, gradient, ...slots }, scalars) {
    const { learningRate, decreaseFactor, increaseFactor, minimumStep, maximumStep, step } = scalars;
    // Of a sign, since the product of small gradients would be 0.
    const agreement = mul(sign(gradient), slots.previousGradient!);
    const turned = greater(0, agreement);
    const factor = where(greater(agreement, 0), increaseFactor, where(turned, decreaseFactor, 1));
    const before = where(equal(step, 1), learningRate, slots.stepSize!);
    const stepSize = minimum(maximum(mul(before, factor), minimumStep), maximumStep);
    const previousGradient = where(turned, 0, gradient);
    return {
      parameter: sub(parameter, mul(stepSize, sign(previousGradient))),
      previousGradient,
      stepSize,
    };
  },
});
