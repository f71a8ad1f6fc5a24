import {
  add,
  defineUpdateRule,
  div,
  equal,
  lerp,
  likeParameter,
  mul,
  pow,
  type RuleContext,
  sub,
  where,
} from '@steepest/optimizer';

/** How the momentum buffer is made and used. */
export type MomentumForm = 'heavyBall' | 'nesterov' | 'average';

const forms: readonly unknown[] = ['heavyBall', 'nesterov', 'average'];

/** A momentum that is the constant 0 needs no buffer. */
function keepsMomentum(context: RuleContext<'momentum', { momentumForm: MomentumForm }>): boolean {
  return context.constant('momentum') !== 0;
}

/**
 * Stochastic gradient descent.
 *
 * - `momentum` 0: `p -= learningRate * g`.
 * - `heavyBall`: `b = momentum * b + (1 - dampening) * g; p -= learningRate * b` (Polyak 1964). As in PyTorch the first
 *   gradient enters `b` without dampening.
 * - `nesterov`: the same `b`, but `p -= learningRate * (g + momentum * b)` (Sutskever et al. 2013).
 * - `average`: `m = momentum * m + (1 - momentum) * g; p -= learningRate * m / (1 - momentum^t)`, the form of the
 *   hybrids of Zhao et al. (2024, arXiv 2407.07972). `dampening` plays no part.
 */
export const sgdRule = defineUpdateRule({
  name: 'sgd',
  title: 'SGD',
  paper: {
    authors: 'Robbins and Monro; Polyak; Sutskever et al.',
    year: 1951,
    title: 'A Stochastic Approximation Method',
    source: 'doi 10.1214/aoms/1177729586',
  },
  recommended: [
    {
      scale: '150 million parameters on C4, 25,000 steps of 131,072 tokens',
      settings: { learningRate: 1, momentum: 0.98, weightDecay: 0, clipGlobalNorm: 1 },
      remark: 'warm-up over a tenth of the run, then a cosine to a tenth',
      source: 'Zhao et al. 2024, arXiv 2407.07972: the authors’ code',
    },
  ],
  hyperparameters: {
    learningRate: { default: 0.01, minimum: 0, description: 'Step size' },
    momentum: { default: 0, minimum: 0, below: 1, description: 'Decay of the momentum; 0 keeps none' },
    dampening: {
      default: 0,
      minimum: 0,
      maximum: 1,
      description: 'Part of each later gradient kept out of momentum',
    },
  },
  settings: {
    momentumForm: {
      default: 'heavyBall' as MomentumForm,
      description: 'heavyBall, nesterov or average',
      check: (value) => (forms.includes(value) ? undefined : `must be one of ${forms.join(', ')}`),
    },
  },
  check({ settings, constant }) {
    if (settings.momentumForm !== 'nesterov') return undefined;
    // As PyTorch has it: without momentum there is nothing to look ahead by, and dampening is for the heavy ball.
    if (constant('momentum') === 0) return 'momentumForm "nesterov" needs a momentum above 0, such as 0.9';
    return constant('dampening') === 0
      ? undefined
      : 'momentumForm "nesterov" needs dampening 0; heavyBall takes dampening';
  },
  // The first gradient enters the momentum without dampening.
  startsAtFirstGradient: ({ constant, settings }) =>
    constant('momentum') !== 0 && constant('dampening') !== 0 && settings.momentumForm === 'heavyBall',
  slots(context) {
    return keepsMomentum(context)
      ? { momentum: likeParameter }
      : ({} as Record<string, typeof likeParameter>);
  },
  update({ parameter, gradient, ...slots }, { learningRate, momentum: decay, dampening, step }, context) {
    if (!keepsMomentum(context)) return { parameter: sub(parameter, mul(learningRate, gradient)) };
    const previous = slots.momentum!;
    if (context.settings.momentumForm === 'average') {
      const momentum = lerp(gradient, previous, decay);
      const stepSize = div(learningRate, sub(1, pow(decay, step)));
      return { parameter: sub(parameter, mul(stepSize, momentum)), momentum };
    }
    const share = where(equal(step, 1), 1, sub(1, dampening));
    const momentum = add(mul(decay, previous), mul(share, gradient));
    const direction =
      context.settings.momentumForm === 'nesterov' ? add(gradient, mul(decay, momentum)) : momentum;
    return { parameter: sub(parameter, mul(learningRate, direction)), momentum };
  },
});
