import {
  add,
  defineUpdateRule,
  flag,
  likeParameter,
  mul,
  oneOf,
  positiveInteger,
  type RuleContext,
  sub,
} from '@steepest/optimizer';
import { farthestPoint, type NormSettings, normOf, viewOf } from './norms.ts';

/** Where the whole gradient is new, nothing of it is kept. */
const keepsMomentum = ({ constant }: Pick<RuleContext<'alpha', NormSettings>, 'constant'>): boolean =>
  constant('alpha') !== 1;

/**
 * Scion: each step goes towards the point of a norm's ball that lies farthest along the momentum, with a norm for each layer.
 * `m = (1 - alpha) * m + alpha * g`, `p -= learningRate * scale * lmo(m)`, and weight decay 1, which makes it
 * `p = (1 - learningRate) * p - learningRate * scale * lmo(m)`: p stays within the ball of radius `scale`.
 *
 * Pethick et al. 2025, arXiv 2502.07529, algorithms 1 and 2; algorithm 1 is `weightDecay: 0`.
 */
export const scionRule = defineUpdateRule({
  name: 'scion',
  title: 'Scion',
  paper: {
    authors: 'Pethick et al.',
    year: 2025,
    title: 'Training Deep Learning Models with Norm-Constrained LMOs',
    source: 'arXiv 2502.07529',
  },
  recommended: [
    {
      scale: 'matrices of GPT-2, 124 million parameters, 5,100 steps of 512 sequences',
      settings: { learningRate: 3.6e-4, alpha: 0.1, norm: 'spectral', scale: 50 },
      remark: 'the last layer with the norm sign and scale 3000; linear to 0 over the last 1,450 steps',
      source: 'LIONS-EPFL/scion, examples/modded-nanogpt/train_gpt_scion.py',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
    alpha: {
      default: 0.1,
      minimum: 0,
      maximum: 1,
      description: 'Weight of the new gradient in the momentum; 1 keeps no momentum',
    },
    scale: { default: 1, minimum: 0, description: 'Radius of the ball of the norm' },
  },
  settings: {
    norm: oneOf(
      ['auto', 'spectral', 'spectralConv', 'sign', 'biasRms', 'colNorm', 'rowNorm'],
      'auto',
      'Norm of the layer: auto, spectral, spectralConv, sign, biasRms, colNorm or rowNorm',
    ),
    normalized: {
      default: 'auto' as boolean | 'auto',
      description: 'Norm relative to the number of inputs: true, false, or auto (true but for colNorm)',
      check: (value) =>
        value === 'auto' || typeof value === 'boolean' ? undefined : "must be true, false or 'auto'",
    },
    floorAtOne: flag(false, 'The factor of spectral is at least 1'),
    transpose: flag(false, 'The weights are stored [inputs, outputs]'),
    newtonSchulzSteps: positiveInteger(5, 'Iterations of Newton-Schulz'),
  },
  defaults: { weightDecay: 1 },
  view: ({ parameter, settings }) => viewOf(parameter, settings),
  slots(context) {
    normOf(context.parameter, context.settings);
    return keepsMomentum(context) ? { momentum: likeParameter } : {};
  },
  update({ parameter, gradient, ...slots }, { learningRate, alpha, scale }, context) {
    const { parameter: info, settings } = context;
    const moved = (direction: typeof gradient) =>
      sub(parameter, mul(mul(learningRate, scale), farthestPoint(direction, info, settings)));
    if (!keepsMomentum(context)) return { parameter: moved(gradient) };
    const momentum = add(mul(sub(1, alpha), slots.momentum!), mul(alpha, gradient));
    return { parameter: moved(momentum), momentum };
  },
});
