import {
  adamwHyperparameters,
  adamwSetting,
  adamwSlots,
  adamwUpdate,
  frobeniusNorm,
  newtonSchulz,
  takesAdamW,
  updateScales,
} from '@steepest/matrix-rules';
import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  flag,
  lerp,
  likeParameter,
  mean,
  mul,
  oneOf,
  type ParameterInfo,
  positiveInteger,
  type Shape,
  sqrt,
  square,
  sub,
  transform,
} from '@steepest/optimizer';
import { coefficientsSetting, orthogonalization } from './orthogonalization.ts';

/** Whether each row or column of the update, the weights of a neuron, is divided by its own second moment. */
export type Normalization = 'none' | 'rows' | 'columns';

/** Keeps the division by the second moment of a neuron that never moved, and by the norm of nothing, finite. */
const neuronEpsilon = 1e-10;

/** Whether AdamW updates a parameter. @throws Error if nothing does: it is no matrix, and `adamw` is `never`. */
function isForAdamW(parameter: ParameterInfo, use: 'never' | 'others' | 'always'): boolean {
  const { name, shape } = parameter;
  const isMatrix = shape.length === 2 || shape.length === 3;
  if (takesAdamW(parameter, use, isMatrix)) return true;
  if (isMatrix) return false;
  throw new Error(
    `muon updates matrices, and batches of matrices with three axes; "${name}" has shape [${shape.join(', ')}]. ` +
      "Let AdamW update the rest: new Muon({ adamw: 'others' }), or give it to another optimizer: " +
      "combine([{ match: byRank(2, 3), optimizer: new Muon() }, { optimizer: new AdamW() }]) of '@steepest/param-groups'; " +
      "for layers of tf.layers, which store weights [inputs, outputs], new Muon({ updateScale: 'columns' })",
  );
}

/** The axis over which a neuron's elements are averaged, and the shape of the averages. */
function neurons(shape: Shape, normalize: 'rows' | 'columns'): { axis: number; shape: Shape } {
  const axis = shape.length - (normalize === 'rows' ? 1 : 2);
  return { axis, shape: shape.map((length, index) => (index === axis ? 1 : length)) };
}

/**
 * Muon: momentum whose matrix is orthogonalized before it moves the weights.
 * `m = momentum * m + (1 - momentum) * g`, `u = momentum * m + (1 - momentum) * g` with Nesterov's momentum and `m`
 * without, `p -= learningRate * scale * newtonSchulz(u)`. As a sum, `m = momentum * m + g` and `u = g + momentum * m`.
 *
 * Jordan et al. 2024, https://kellerjordan.github.io/posts/muon; in float32, where the authors' code rounds the
 * iteration to bfloat16. NorMuon (`normalize`): Li et al. 2025, arXiv 2510.05491.
 */
export const muonRule = defineUpdateRule({
  name: 'muon',
  title: 'Muon',
  paper: {
    authors: 'Jordan et al.',
    year: 2024,
    title: 'Muon: An optimizer for hidden layers in neural networks',
    source: 'https://kellerjordan.github.io/posts/muon',
  },
  recommended: [
    {
      scale: 'hidden matrices of any size',
      settings: { learningRate: 0.02, momentum: 0.95, weightDecay: 0.01 },
      remark:
        'AdamW with 3e-4, betas 0.9 and 0.95 and the same decay for the rest; only rate and decay need tuning',
      source: 'KellerJordan/Muon, README.md',
    },
    {
      scale: 'GPT of 160 million parameters, 3,000 steps of 1,024 sequences',
      settings: { learningRate: 0.02, momentum: 0.95, updateScale: 'spectral', weightDecay: 0.01 },
      remark: 'no warm-up, to zero over the last fifth',
      source: 'microsoft/dion, configs/muon_160m.yaml',
    },
    {
      scale: 'a model tuned for AdamW',
      settings: {
        learningRate: 1e-3,
        momentumForm: 'sum',
        updateScale: 'rms',
        adamw: 'others',
        weightDecay: 0.1,
      },
      remark: '`muonVariants.moonlight`, with the learning rate of AdamW',
      source: 'MoonshotAI/Moonlight, examples/toy_train.py',
    },
  ],
  hyperparameters: {
    learningRate: { default: 0.02, minimum: 0, description: 'Step size' },
    momentum: { default: 0.95, minimum: 0, below: 1, description: 'Decay of the momentum' },
    beta2: {
      default: 0.95,
      minimum: 0,
      below: 1,
      description: 'Decay of the second moment of neurons, under normalize',
    },
    epsilon: {
      default: 1e-7,
      minimum: 0,
      description: 'Keeps the norm that Newton-Schulz divides by from zero',
    },
    ...adamwHyperparameters,
  },
  settings: {
    nesterov: flag(true, 'Look ahead: mix the gradient into the momentum once more'),
    momentumForm: oneOf(
      ['average', 'sum'],
      'average',
      'Momentum as a moving average, or as a decaying sum of gradients: average or sum',
    ),
    updateScale: oneOf(
      ['rows', 'columns', 'spectral', 'rms'],
      'rows',
      'Scale of the update by shape: rows, columns, spectral or rms',
    ),
    normalize: oneOf(
      ['none', 'rows', 'columns'],
      'none',
      'Divides the update of each neuron by its second moment (NorMuon): none, rows or columns',
    ),
    coefficients: coefficientsSetting,
    newtonSchulzSteps: positiveInteger(5, 'Iterations of Newton-Schulz'),
    epsilonMode: oneOf(
      ['added', 'floor'],
      'added',
      'Whether epsilon is added to the norm, or the norm is no smaller: added or floor',
    ),
    adamw: adamwSetting('never'),
    adamEpsilonPlacement: oneOf(
      ['corrected', 'uncorrected'],
      'corrected',
      'AdamW: epsilon outside the bias-corrected root, or the uncorrected one',
    ),
  },
  slots({ parameter, settings: { adamw, normalize } }) {
    if (isForAdamW(parameter, adamw)) return adamwSlots;
    if (normalize === 'none') return { momentum: likeParameter };
    return { momentum: likeParameter, secondMoment: { shape: neurons(parameter.shape, normalize).shape } };
  },
  update(tensors, scalars, context) {
    const { settings, parameter: info } = context;
    const { learningRate, momentum: decay } = scalars;
    if (isForAdamW(info, settings.adamw)) {
      return adamwUpdate(tensors, {
        learningRate,
        beta1: scalars.adamBeta1,
        beta2: scalars.adamBeta2,
        epsilon: scalars.adamEpsilon,
        step: scalars.step,
        constantEpsilon: context.constant('adamEpsilon'),
        epsilonPlacement: settings.adamEpsilonPlacement,
      });
    }
    const { parameter, gradient } = tensors;
    const [rows, columns] = info.shape.slice(-2) as [number, number];
    const accumulate = (memory: Expression): Expression =>
      settings.momentumForm === 'sum' ? add(mul(decay, memory), gradient) : lerp(gradient, memory, decay);
    const momentum = accumulate(tensors.momentum!);
    const direction = settings.nesterov ? accumulate(momentum) : momentum;
    const orthogonal = transform(
      newtonSchulz(info.shape, orthogonalization(settings)),
      [direction],
      [scalars.epsilon],
    );
    const stepSize = mul(learningRate, updateScales[settings.updateScale](rows, columns));
    const moved = (update: Expression): Expression => sub(parameter, mul(stepSize, update));
    if (settings.normalize === 'none') return { parameter: moved(orthogonal), momentum };

    const { axis } = neurons(info.shape, settings.normalize);
    const secondMoment = lerp(mean(square(orthogonal), [axis]), tensors.secondMoment!, scalars.beta2);
    const even = div(orthogonal, add(sqrt(secondMoment), neuronEpsilon));
    const matrixAxes = [info.shape.length - 2, info.shape.length - 1];
    const share = div(
      frobeniusNorm(orthogonal, matrixAxes),
      add(frobeniusNorm(even, matrixAxes), neuronEpsilon),
    );
    return { parameter: moved(mul(even, share)), momentum, secondMoment };
  },
});
