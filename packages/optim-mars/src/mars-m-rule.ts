import {
  adamwHyperparameters,
  adamwSetting,
  adamwSlots,
  adamwUpdate,
  jordanCoefficients,
  newtonSchulz,
  takesAdamW,
  updateScales,
} from '@steepest/matrix-rules';
import {
  defineUpdateRule,
  lerp,
  likeParameter,
  mul,
  type ParameterInfo,
  positiveInteger,
  sub,
  transform,
} from '@steepest/optimizer';
import { correctedGradient } from './corrected-gradient.ts';

/** Whether AdamW updates a parameter. @throws Error if nothing does */
function isForAdamW(parameter: ParameterInfo, use: 'never' | 'others' | 'always'): boolean {
  const { name, shape } = parameter;
  const isMatrix = shape.length === 2;
  if (takesAdamW(parameter, use, isMatrix)) return true;
  if (isMatrix) return false;
  throw new Error(
    `mars-m updates matrices, and "${name}" has shape [${shape.join(', ')}]; let AdamW update it: adamw: 'others'`,
  );
}

/**
 * MARS-M: Moonlight's Muon on gradients from which variance is taken,
 * `c = g + gamma * momentum / (1 - momentum) * (g - previous g)`, brought to norm 1 where it is larger;
 * `m = momentum * m + (1 - momentum) * c`, `p -= learningRate * 0.2 * sqrt(max(rows, columns)) * newtonSchulz(m)`.
 * What is not a matrix, embeddings and the last layer take AdamW, with epsilon outside the uncorrected root.
 *
 * Liu et al. 2025, arXiv 2510.21800, in the approximate form, as in the authors' code: without Nesterov's momentum.
 */
export const marsMRule = defineUpdateRule({
  name: 'mars-m',
  title: 'MARS-M',
  paper: {
    authors: 'Liu et al.',
    year: 2025,
    title: 'MARS-M: When Variance Reduction Meets Matrices',
    source: 'arXiv 2510.21800',
  },
  recommended: [
    {
      scale: 'GPT-2 small, 125 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: { learningRate: 6e-3, momentum: 0.95, gamma: 0.025, weightDecay: 0.1 },
      remark: 'on OpenWebText; a cosine',
      source: 'AGI-Arena/MARS, MARS_M/README.md',
    },
    {
      scale: 'GPT-2 medium, 355 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: { learningRate: 5e-3, momentum: 0.95, gamma: 0.025, weightDecay: 0.1 },
      remark: 'on OpenWebText; a cosine',
      source: 'AGI-Arena/MARS, MARS_M/README.md',
    },
    {
      scale: 'GPT-2 large, 770 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: { learningRate: 5e-3, momentum: 0.95, gamma: 0.025, weightDecay: 0.1 },
      remark: 'on OpenWebText; a cosine',
      source: 'AGI-Arena/MARS, MARS_M/README.md',
    },
    {
      scale: 'GPT-2 XL, 1.5 billion parameters, batches of 480 sequences of 1,024 tokens',
      settings: { learningRate: 3e-3, momentum: 0.95, gamma: 0.025, weightDecay: 0.1 },
      remark: 'on FineWeb-Edu; a cosine',
      source: 'AGI-Arena/MARS, MARS_M/README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
    momentum: { default: 0.95, minimum: 0, below: 1, description: 'Decay of the momentum' },
    gamma: { default: 0.025, minimum: 0, description: 'Strength of the correction' },
    epsilon: {
      default: 1e-7,
      minimum: 0,
      description: 'Keeps the norm that Newton-Schulz divides by from zero',
    },
    ...adamwHyperparameters,
  },
  settings: {
    newtonSchulzSteps: positiveInteger(5, 'Iterations of Newton-Schulz'),
    adamw: adamwSetting('others'),
  },
  defaults: { weightDecay: 0.1 },
  slots({ parameter, settings }) {
    if (isForAdamW(parameter, settings.adamw)) return adamwSlots;
    return { momentum: likeParameter, previousGradient: likeParameter };
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
        epsilonPlacement: 'uncorrected',
      });
    }
    const { parameter, gradient, previousGradient: previous } = tensors;
    const corrected = correctedGradient({ gradient, previous: previous!, gamma: scalars.gamma, beta: decay });
    const momentum = lerp(corrected, tensors.momentum!, decay);
    const coefficients = Array.from({ length: settings.newtonSchulzSteps }, () => jordanCoefficients);
    const orthogonal = transform(newtonSchulz(info.shape, { coefficients }), [momentum], [scalars.epsilon]);
    const [rows, columns] = info.shape as readonly [number, number];
    const stepSize = mul(learningRate, updateScales.rms(rows, columns));
    return {
      parameter: sub(parameter, mul(stepSize, orthogonal)),
      momentum,
      previousGradient: gradient,
    };
  },
});
