import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  euclideanNorm,
  flag,
  greater,
  lerp,
  likeParameter,
  minimum,
  mul,
  pow,
  sqrt,
  square,
  sub,
  where,
  withoutVanished,
} from '@steepest/optimizer';

/**
 * LAMB: Adam whose update of each tensor is made as long as the tensor itself, times the learning rate. With `m` and `v` as in Adam,
 * `u = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) + weightDecay * p`, `p -= learningRate * |p| / |u| * u`.
 *
 * You et al. 2020, arXiv 1904.00962, algorithm 2, with the variants of timm. `t` is the step of the optimizer.
 */
export const lambRule = defineUpdateRule({
  name: 'lamb',
  title: 'LAMB',
  paper: {
    authors: 'You et al.',
    year: 2020,
    title: 'Large Batch Optimization for Deep Learning: Training BERT in 76 minutes',
    source: 'arXiv 1904.00962',
  },
  recommended: [
    {
      scale: 'BERT, batches of 512 sequences',
      settings: { learningRate: 6.25e-4, weightDecay: 0.01 },
      remark: 'with warm-up; no decay for biases and norms',
      source: 'You et al. 2020, arXiv 1904.00962, the runs of BERT',
    },
    {
      scale: 'BERT, batches of 32,768 sequences',
      settings: { learningRate: 5e-3, weightDecay: 0.01 },
      remark: 'with warm-up; no decay for biases and norms',
      source: 'You et al. 2020, arXiv 1904.00962, the runs of BERT',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Length of a step, relative to the tensor' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the first moment' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-6, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
  },
  settings: {
    biasCorrection: flag(true, 'Correct both moments for their start at 0'),
    gradientAveraging: flag(true, 'Weigh a new gradient by 1 - beta1 in the first moment; false by 1'),
    trustClip: flag(false, 'Let the ratio of lengths shorten an update only'),
    alwaysAdapt: flag(false, 'Adapt lengths also where weightDecay is 0'),
  },
  defaults: { weightDecay: 0.01, weightDecayMode: 'l2' },
  ownsL2Decay: true,
  slots: () => ({ momentum: likeParameter, secondMoment: likeParameter }),
  update({ parameter, gradient, ...slots }, scalars, { settings, constant }) {
    const { learningRate, beta1, beta2, epsilon, weightDecay, l2Decay, iteration } = scalars;
    const { biasCorrection, gradientAveraging, trustClip, alwaysAdapt } = settings;
    const momentum = gradientAveraging
      ? lerp(gradient, slots.momentum!, beta1)
      : add(mul(beta1, slots.momentum!), gradient);
    const secondMoment = lerp(square(gradient), slots.secondMoment!, beta2);
    const correction = (beta: Expression): Expression | 1 =>
      biasCorrection ? sub(1, pow(beta, iteration)) : 1;
    const root = div(sqrt(secondMoment), biasCorrection ? sqrt(correction(beta2)) : 1);
    const adam = div(mul(div(1, correction(beta1)), momentum), add(root, epsilon));
    const decayed = add(withoutVanished(adam, secondMoment, constant('epsilon')), mul(l2Decay, parameter));

    const lengths = [euclideanNorm(parameter), euclideanNorm(decayed)] as const;
    const ratio = where(mul(greater(lengths[0], 0), greater(lengths[1], 0)), div(...lengths), 1);
    const trust = trustClip ? minimum(ratio, 1) : ratio;
    const adapted = alwaysAdapt ? trust : where(greater(weightDecay, 0), trust, 1);
    // Without a decay there is nothing to measure.
    const adapts = alwaysAdapt || constant('weightDecay') !== 0;
    const update = adapts ? mul(adapted, decayed) : decayed;
    return { parameter: sub(parameter, mul(learningRate, update)), momentum, secondMoment };
  },
});
