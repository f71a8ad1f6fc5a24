import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  lerp,
  likeParameter,
  mul,
  pow,
  sqrt,
  square,
  sub,
} from '@steepest/optimizer';

/** Whose correction of the coming momentum: the paper's, or the one of PyTorch 1.13 that counts `mu_t` twice. */
export type NAdamVariant = 'corrected' | 'torch-1.13';

const variants: readonly unknown[] = ['corrected', 'torch-1.13'];

/** `1 - (1 - complement) * factor`, as a sum of positive terms: close to zero it keeps all its digits. */
function complementOfProduct(complement: Expression, factor: Expression): Expression {
  return add(complement, mul(sub(1, complement), sub(1, factor)));
}

/**
 * NAdam: Adam with Nesterov momentum. With `mu_t = beta1 * (1 - 0.96^(t * momentumDecay) / 2)`, `m` and `v` as in Adam and
 * `M_t = mu_1 * mu_2 * ... * mu_t`,
 * `p -= learningRate * ((1 - mu_t) * g / (1 - M_t) + mu_(t+1) * m / (1 - M_(t+1))) / (sqrt(v / (1 - beta2^t)) + epsilon)`.
 *
 * Dozat 2016, Incorporating Nesterov Momentum into Adam, algorithm 2. As in PyTorch, `mu_t` weighs the two terms and
 * `beta1` makes `m`; the paper has `mu_t` in both places. The slot `muProductComplement` is `1 - M_t`.
 */
export const nadamRule = defineUpdateRule({
  name: 'nadam',
  title: 'NAdam',
  paper: {
    authors: 'Dozat',
    year: 2016,
    title: 'Incorporating Nesterov Momentum into Adam',
    source: 'openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ',
  },
  recommended: [
    {
      scale: 'the workloads of AlgoPerf, from translation to images',
      settings: { beta2: 0.999, weightDecayMode: 'decoupled' },
      remark:
        'a search over learning rates of 1e-4 to 0.01, 1 - beta1 of 0.004 to 0.1 and decays of 0.005 to 1, on logarithmic scales; warm-up over a twentieth of the run, then a cosine to 0; without the warm-up of the momentum',
      source: 'mlcommons/algorithmic-efficiency, algorithms/paper_baselines/nadamw/tuning_search_space.json',
    },
  ],
  hyperparameters: {
    learningRate: { default: 2e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the first moment' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
    momentumDecay: { default: 4e-3, minimum: 0, description: 'How fast the momentum warms up to beta1' },
  },
  settings: {
    variant: {
      default: 'corrected' as NAdamVariant,
      description: 'corrected, or torch-1.13 with its wrong product',
      check: (value) => (variants.includes(value) ? undefined : `must be one of ${variants.join(', ')}`),
    },
  },
  defaults: { weightDecayMode: 'l2' },
  view: ({ parameter }) => (parameter.shape.length === 0 ? [1] : parameter.shape),
  slots: () => ({
    momentum: likeParameter,
    secondMoment: likeParameter,
    muProductComplement: { shape: [1] },
  }),
  update({ parameter, gradient, ...slots }, scalars, { settings }) {
    const { learningRate, beta1, beta2, epsilon, momentumDecay, step } = scalars;
    const muAt = (time: Expression): Expression =>
      mul(beta1, sub(1, div(pow(0.96, mul(time, momentumDecay)), 2)));
    const mu = muAt(step);
    const nextMu = muAt(add(step, 1));

    const momentum = lerp(gradient, slots.momentum!, beta1);
    const secondMoment = lerp(square(gradient), slots.secondMoment!, beta2);
    const muProductComplement = complementOfProduct(slots.muProductComplement!, mu);
    const ahead = settings.variant === 'torch-1.13' ? mul(mu, nextMu) : nextMu;
    const gradientShare = div(mul(learningRate, sub(1, mu)), muProductComplement);
    const momentumShare = div(mul(learningRate, nextMu), complementOfProduct(muProductComplement, ahead));
    const direction = add(mul(gradientShare, gradient), mul(momentumShare, momentum));
    const denominator = add(div(sqrt(secondMoment), sqrt(sub(1, pow(beta2, step)))), epsilon);
    return {
      parameter: sub(parameter, div(direction, denominator)),
      momentum,
      secondMoment,
      muProductComplement,
    };
  },
});
