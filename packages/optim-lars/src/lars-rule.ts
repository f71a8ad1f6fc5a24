import {
  add,
  defineUpdateRule,
  div,
  equal,
  euclideanNorm,
  flag,
  greater,
  likeParameter,
  minimum,
  mul,
  type RuleContext,
  sub,
  where,
} from '@steepest/optimizer';

const keepsMomentum = ({ constant }: Pick<RuleContext<'momentum'>, 'constant'>): boolean =>
  constant('momentum') !== 0;

/**
 * LARS: SGD with momentum whose gradient of each tensor is scaled to the length of the tensor itself. With `d` the weight decay,
 * `q = trustCoefficient * |p| / (|g| + d * |p| + epsilon)`, `g = q * (g + d * p)`, and then momentum as in SGD.
 *
 * You, Gitman and Ginsburg 2017, arXiv 1708.03888, algorithm 1, with the variants of timm.
 */
export const larsRule = defineUpdateRule({
  name: 'lars',
  title: 'LARS',
  paper: {
    authors: 'You, Gitman and Ginsburg',
    year: 2017,
    title: 'Large Batch Training of Convolutional Networks',
    source: 'arXiv 1708.03888',
  },
  recommended: [
    {
      scale: 'convolutional networks, batches of thousands of images',
      settings: { momentum: 0.9, trustCoefficient: 1e-3 },
      remark: 'decay 1e-4 to 5e-4; warm-up, then a polynomial decay; no decay for biases and norms',
      source: 'You et al. 2017, arXiv 1708.03888, the runs',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1, minimum: 0, description: 'Step size' },
    momentum: { default: 0, minimum: 0, below: 1, description: 'Decay of the momentum; 0 keeps none' },
    dampening: {
      default: 0,
      minimum: 0,
      maximum: 1,
      description: 'Part of each later gradient kept out of momentum',
    },
    trustCoefficient: {
      default: 1e-3,
      minimum: 0,
      description: 'Length of a scaled gradient, relative to the tensor',
    },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the lengths that are divided by' },
  },
  settings: {
    nesterov: flag(false, 'Look ahead by the momentum'),
    trustClip: flag(
      false,
      'Never go further than SGD would: divide the scale by the learning rate, at most 1',
    ),
    alwaysAdapt: flag(false, 'Scale gradients also where weightDecay is 0'),
  },
  defaults: { weightDecayMode: 'l2' },
  ownsL2Decay: true,
  check({ settings, constant }) {
    if (!settings.nesterov) return undefined;
    if (constant('momentum') === 0) return 'nesterov needs a momentum above 0, such as 0.9';
    return constant('dampening') === 0 ? undefined : 'nesterov needs dampening 0';
  },
  // The first gradient enters the momentum without dampening.
  startsAtFirstGradient: ({ constant }) => constant('momentum') !== 0 && constant('dampening') !== 0,
  slots: (context) =>
    (keepsMomentum(context) ? { momentum: likeParameter } : {}) as Record<string, typeof likeParameter>,
  update({ parameter, gradient, ...slots }, scalars, context) {
    const { learningRate, momentum: decay, dampening, trustCoefficient, epsilon, l2Decay, step } = scalars;
    const { settings, constant } = context;
    const lengths = [euclideanNorm(parameter), euclideanNorm(gradient)] as const;
    const divisor = add(add(lengths[1], mul(l2Decay, lengths[0])), epsilon);
    const isThere = mul(greater(lengths[0], 0), greater(lengths[1], 0));
    const trust = where(isThere, div(mul(trustCoefficient, lengths[0]), divisor), 1);
    const scale = settings.trustClip ? minimum(div(trust, learningRate), 1) : trust;
    const decayed = add(gradient, mul(l2Decay, parameter));
    const adapted = settings.alwaysAdapt ? scale : where(greater(scalars.weightDecay, 0), scale, 1);
    // Without a decay there is nothing to measure.
    const adapts = settings.alwaysAdapt || constant('weightDecay') !== 0;
    const scaled = adapts ? mul(adapted, decayed) : gradient;
    if (!keepsMomentum(context)) return { parameter: sub(parameter, mul(learningRate, scaled)) };

    const share = where(equal(step, 1), 1, sub(1, dampening));
    const momentum = add(mul(decay, slots.momentum!), mul(share, scaled));
    const direction = settings.nesterov ? add(scaled, mul(decay, momentum)) : momentum;
    return { parameter: sub(parameter, mul(learningRate, direction)), momentum };
  },
});
