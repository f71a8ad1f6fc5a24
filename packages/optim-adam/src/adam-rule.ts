import {
  add,
  defineUpdateRule,
  div,
  flag,
  lerp,
  likeParameter,
  maximum,
  movingAverage,
  mul,
  pow,
  sqrt,
  square,
  sub,
  withoutVanished,
} from '@steepest/optimizer';

/** Whether `epsilon` joins the root of the bias-corrected second moment, or that of the moment as it is kept. */
export type EpsilonPlacement = 'corrected' | 'uncorrected';

const placements: readonly unknown[] = ['corrected', 'uncorrected'];

/**
 * Adam: `m` and `v` are exponential moving averages of `g` and `g * g`, and
 * `p -= learningRate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)`.
 *
 * Kingma and Ba 2015, arXiv 1412.6980, algorithm 1. With `amsgrad` the running maximum of `v` takes the place of `v`
 * in the update, bias-corrected as in PyTorch (Reddi, Kale and Kumar 2018, arXiv 1904.09237, algorithm 2, has no
 * correction). With `epsilonPlacement: 'uncorrected'` it divides by `sqrt(v) + epsilon` and multiplies by `sqrt(1 - beta2^t)`: the
 * paper's remark at the end of its section 2, as Keras and the first AdamW of Hugging Face have it.
 */
export const adamRule = defineUpdateRule({
  name: 'adam',
  title: 'Adam',
  paper: {
    authors: 'Kingma and Ba',
    year: 2015,
    title: 'Adam: A Method for Stochastic Optimization',
    source: 'arXiv 1412.6980',
  },
  recommended: [
    {
      scale: 'transformer for translation, German to English, batches of 4,096 tokens',
      settings: { learningRate: 5e-4, beta1: 0.9, beta2: 0.98, weightDecay: 1e-4 },
      remark: 'warm-up over 4,000 steps, then with the inverse square root of the step',
      source: 'facebookresearch/fairseq, examples/translation/README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the first moment' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
  },
  settings: {
    amsgrad: flag(false, 'Divide by the largest second moment so far'),
    epsilonPlacement: {
      default: 'corrected' as EpsilonPlacement,
      description: 'corrected, as in PyTorch, or uncorrected, as in Keras',
      check: (value) => (placements.includes(value) ? undefined : `must be one of ${placements.join(', ')}`),
    },
  },
  defaults: { weightDecayMode: 'l2' },
  slots: ({ settings }) => ({
    momentum: likeParameter,
    secondMoment: likeParameter,
    ...(settings.amsgrad ? { maxSecondMoment: likeParameter } : {}),
  }),
  update({ parameter, gradient, ...slots }, { learningRate, beta1, beta2, epsilon, step }, context) {
    const { amsgrad, epsilonPlacement } = context.settings;
    const squared = square(gradient);
    const momentum = lerp(gradient, slots.momentum!, beta1);
    const secondMoment = movingAverage(squared, slots.secondMoment!, beta2);
    const largest = amsgrad ? maximum(slots.maxSecondMoment!, secondMoment) : secondMoment;
    // The corrections are scalars: sqrt(v / c) = sqrt(v) / sqrt(c) keeps them out of the element-wise work.
    const stepSize = div(learningRate, sub(1, pow(beta1, step)));
    const correction = sqrt(sub(1, pow(beta2, step)));
    const added = epsilonPlacement === 'corrected' ? epsilon : div(epsilon, correction);
    const denominator = add(div(sqrt(largest), correction), added);
    const move = div(mul(stepSize, momentum), denominator);
    return {
      parameter: sub(parameter, withoutVanished(move, largest, context.constant('epsilon'))),
      momentum,
      secondMoment,
      ...(amsgrad ? { maxSecondMoment: largest } : {}),
    };
  },
});

/**
 * AdamW: Adam whose weight decay multiplies the parameter instead of joining the gradient, 0.01 by default.
 *
 * Loshchilov and Hutter 2019, arXiv 1711.05101, algorithm 2, with the learning rate as PyTorch scales it.
 */
export const adamWRule: typeof adamRule = {
  ...adamRule,
  name: 'adamw',
  title: 'AdamW',
  paper: {
    authors: 'Loshchilov and Hutter',
    year: 2019,
    title: 'Decoupled Weight Decay Regularization',
    source: 'arXiv 1711.05101',
  },
  recommended: [
    {
      scale: 'character model of 11 million parameters, 5,000 steps of 16,384 characters',
      settings: { learningRate: 1e-3, beta2: 0.99, weightDecay: 0.1, clipGlobalNorm: 1 },
      remark: 'warm-up over 100 steps, then a cosine to 1e-4',
      source: 'karpathy/nanoGPT, config/train_shakespeare_char.py',
    },
    {
      scale: '150 million parameters on C4, 25,000 steps of 131,072 tokens',
      settings: {
        learningRate: 3.16e-3,
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-15,
        weightDecay: 0,
        clipGlobalNorm: 1,
      },
      remark: 'warm-up over a tenth of the run, then a cosine to a tenth',
      source: 'Zhao et al. 2024, arXiv 2407.07972: the authors’ code',
    },
    {
      scale: 'GPT-2 small, 125 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: { learningRate: 6e-4, beta1: 0.9, beta2: 0.95, weightDecay: 0.1, clipGlobalNorm: 1 },
      remark: 'warm-up over 2,000 steps, then a cosine to 3e-5',
      source: 'Liuhong99/Sophia, config/train_gpt2_small_adam.py',
    },
    {
      scale: 'GPT-2 medium, 355 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: { learningRate: 3e-4, beta1: 0.9, beta2: 0.95, weightDecay: 0.1, clipGlobalNorm: 1 },
      remark: 'warm-up over 2,000 steps, then a cosine to 6e-5',
      source: 'Liuhong99/Sophia, config/train_gpt2_medium_adam.py',
    },
    {
      scale: 'GPT-2 large, 770 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: { learningRate: 2e-4, beta1: 0.9, beta2: 0.95, weightDecay: 0.1, clipGlobalNorm: 1 },
      remark: 'warm-up over 2,000 steps, then a cosine to 1e-5',
      source: 'Liuhong99/Sophia, config/train_gpt2_large_adam.py',
    },
  ],
  defaults: { weightDecay: 0.01, weightDecayMode: 'decoupled' },
};

/**
 * AMSGrad: Adam with `amsgrad: true`.
 *
 * Reddi, Kale and Kumar 2018, arXiv 1904.09237.
 */
export const amsGradRule: typeof adamRule = {
  ...adamRule,
  name: 'amsgrad',
  title: 'AMSGrad',
  paper: {
    authors: 'Reddi, Kale and Kumar',
    year: 2018,
    title: 'On the Convergence of Adam and Beyond',
    source: 'arXiv 1904.09237',
  },
  recommended: [
    {
      scale: 'interatomic potentials (MACE), batches of 10 structures',
      settings: { learningRate: 0.01, beta1: 0.9, weightDecay: 5e-7, clipGlobalNorm: 10 },
      remark:
        '0.8 times the rate where the loss has not fallen for 50 epochs; with an average of the parameters of decay 0.99',
      source: 'ACEsuit/mace, mace/tools/arg_parser.py',
    },
  ],
  settings: { ...adamRule.settings!, amsgrad: { ...adamRule.settings!.amsgrad, default: true } },
};
