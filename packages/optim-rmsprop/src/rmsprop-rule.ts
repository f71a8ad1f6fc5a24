import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  flag,
  lerp,
  likeParameter,
  mul,
  type RuleContext,
  type SlotSpec,
  sqrt,
  square,
  sub,
} from '@steepest/optimizer';

type Context = RuleContext<'momentum', { centered: boolean }>;

/** A momentum that is the constant 0 needs no buffer. */
const keepsMomentum = (context: Context): boolean => context.constant('momentum') !== 0;

/** The new averages, and the variance or second moment whose root divides the gradient. */
function averages(
  gradient: Expression,
  slots: Readonly<Record<string, Expression>>,
  beta2: Expression,
  centered: boolean,
): { kept: Record<string, Expression>; spread: Expression } {
  if (!centered) {
    const secondMoment = lerp(square(gradient), slots.secondMoment!, beta2);
    return { kept: { secondMoment }, spread: secondMoment };
  }
  // The same number as the mean square less the squared mean, which cancel in float32 and can fall below zero.
  const surprise = sub(gradient, slots.gradientAverage!);
  const gradientVariance = mul(beta2, add(slots.gradientVariance!, mul(sub(1, beta2), square(surprise))));
  const gradientAverage = lerp(gradient, slots.gradientAverage!, beta2);
  return { kept: { gradientAverage, gradientVariance }, spread: gradientVariance };
}

/**
 * RMSprop: `v = beta2 * v + (1 - beta2) * g * g`, then `p -= learningRate * g / (sqrt(v) + epsilon)`.
 *
 * Tieleman and Hinton 2012, lecture 6.5 of Neural Networks for Machine Learning. With `centered` the variance of the
 * gradient takes the place of `v` (Graves 2013, arXiv 1308.0850, equations 38 to 41):
 * `v = beta2 * (v + (1 - beta2) * (g - a)^2)`, then `a = beta2 * a + (1 - beta2) * g`. With `momentum` the steps gather
 * as in heavy ball: `b = momentum * b + g / (sqrt(v) + epsilon)`, `p -= learningRate * b`.
 */
export const rmsPropRule = defineUpdateRule({
  name: 'rmsprop',
  title: 'RMSprop',
  paper: {
    authors: 'Tieleman and Hinton',
    year: 2012,
    title: 'Lecture 6.5: Divide the gradient by a running average of its recent magnitude',
    source: 'cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf',
  },
  recommended: [
    {
      scale: 'EfficientNet on ImageNet, batches of 2,048 images, 350 epochs',
      settings: { learningRate: 0.128, beta2: 0.9, momentum: 0.9, weightDecay: 1e-5, averageDecay: 0.9999 },
      remark:
        '0.016 for every 256 images; warm-up over 5 epochs, then 0.97 times every 2.4; epsilon 0.001 there, under the root',
      source: 'tensorflow/tpu, models/official/efficientnet/main.py and utils.py',
    },
  ],
  hyperparameters: {
    learningRate: { default: 0.01, minimum: 0, description: 'Step size' },
    beta2: { default: 0.99, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
    momentum: { default: 0, minimum: 0, below: 1, description: 'Decay of the momentum; 0 keeps none' },
  },
  settings: {
    centered: flag(false, 'Divide by the standard deviation of the gradient'),
  },
  defaults: { weightDecayMode: 'l2' },
  slots(context) {
    const slots: Record<string, SlotSpec> = context.settings.centered
      ? { gradientAverage: likeParameter, gradientVariance: likeParameter }
      : { secondMoment: likeParameter };
    return keepsMomentum(context) ? { ...slots, momentum: likeParameter } : slots;
  },
  update({ parameter, gradient, ...slots }, { learningRate, beta2, epsilon, momentum: decay }, context) {
    const { kept, spread } = averages(gradient, slots, beta2, context.settings.centered);
    const scaled = div(gradient, add(sqrt(spread), epsilon));
    if (!keepsMomentum(context)) return { parameter: sub(parameter, mul(learningRate, scaled)), ...kept };
    const momentum = add(mul(decay, slots.momentum!), scaled);
    return { parameter: sub(parameter, mul(learningRate, momentum)), ...kept, momentum };
  },
});
