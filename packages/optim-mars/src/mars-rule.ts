import {
  adamwHyperparameters,
  adamwSetting,
  adamwSlots,
  adamwUpdate,
  newtonSchulz,
} from '@steepest/matrix-rules';
import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  flag,
  lerp,
  likeParameter,
  maximum,
  mul,
  oneOf,
  type ParameterInfo,
  pow,
  sign,
  sqrt,
  square,
  sub,
  transform,
  withoutVanished,
} from '@steepest/optimizer';
import { correctedGradient } from './corrected-gradient.ts';

/** What moves a parameter once its gradient is corrected. */
export type MarsVariant = 'adamw' | 'lion' | 'shampoo';

/** What decides how a parameter is updated. */
interface MarsSettings {
  readonly variant: MarsVariant;
  readonly adamw: 'never' | 'others' | 'always';
}

/** Whether plain AdamW updates a parameter. @throws Error if its variant is for matrices and it is none */
function isForAdamW({ name, shape }: ParameterInfo, { variant, adamw }: MarsSettings): boolean {
  const isMatrix = shape.length === 2;
  if (adamw === 'always' || (adamw === 'others' && !isMatrix)) return true;
  if (isMatrix || variant !== 'shampoo') return false;
  throw new Error(
    `mars with the variant shampoo orthogonalizes matrices, and "${name}" has shape [${shape.join(', ')}]; ` +
      "let AdamW update it: adamw: 'others'",
  );
}

/**
 * MARS: an optimizer on gradients from which variance is taken, `c = g + gamma * beta1 / (1 - beta1) * (g - previous g)`,
 * brought to norm 1 where it is larger. With `m = beta1 * m + (1 - beta1) * c`,
 *
 *     adamw:    v  = beta2 * v + (1 - beta2) * c * c
 *               p -= learningRate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *     lion:     p -= learningRate * sign(m)
 *     shampoo:  p -= learningRate * sqrt(max(1, rows / columns)) * newtonSchulz(m / (1 - beta1))
 *
 * What is not a matrix takes plain AdamW, unless `adamw` is `never`.
 *
 * Yuan et al. 2024, arXiv 2411.10438, algorithms 1 to 4 in the approximate form, as in the authors' code.
 */
export const marsRule = defineUpdateRule({
  name: 'mars',
  title: 'MARS',
  paper: {
    authors: 'Yuan et al.',
    year: 2024,
    title: 'MARS: Unleashing the Power of Variance Reduction for Training Large Models',
    source: 'arXiv 2411.10438',
  },
  recommended: [
    {
      scale: 'GPT-2 small, 125 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: { learningRate: 6e-3, beta1: 0.95, beta2: 0.99, gamma: 0.025, weightDecay: 0.01 },
      remark: '3e-3 for what AdamW updates; a cosine',
      source: 'AGI-Arena/MARS, README.md',
    },
    {
      scale: 'GPT-2 medium, 355 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: { learningRate: 3e-3, beta1: 0.95, beta2: 0.99, gamma: 0.025, weightDecay: 0.01 },
      remark: '1.5e-3 for what AdamW updates; a cosine',
      source: 'AGI-Arena/MARS, README.md',
    },
    {
      scale: 'GPT-2 large, 770 million parameters, batches of 480 sequences of 1,024 tokens',
      settings: { learningRate: 2e-3, beta1: 0.95, beta2: 0.99, gamma: 0.025, weightDecay: 0.01 },
      remark: '1e-3 for what AdamW updates; a cosine',
      source: 'AGI-Arena/MARS, README.md',
    },
    {
      scale: 'GPT-2 XL, 1.5 billion parameters, batches of 480 sequences of 1,024 tokens',
      settings: { learningRate: 2e-3, beta1: 0.95, beta2: 0.99, gamma: 0.025, weightDecay: 0.01 },
      remark: '1e-3 for what AdamW updates; a cosine',
      source: 'AGI-Arena/MARS, README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 3e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.95, minimum: 0, below: 1, description: 'Decay of the first moment' },
    beta2: { default: 0.99, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: {
      default: 1e-8,
      minimum: 0,
      description: 'Added to the square root, and to the norm of the variant shampoo',
    },
    gamma: { default: 0.025, minimum: 0, description: 'Strength of the correction' },
    adamBeta1: adamwHyperparameters.adamBeta1,
    adamBeta2: adamwHyperparameters.adamBeta2,
  },
  settings: {
    variant: oneOf(['adamw', 'lion', 'shampoo'], 'adamw', 'What moves a matrix: adamw, lion or shampoo'),
    amsgrad: flag(false, 'Divides by the largest second moment so far, under the variant adamw'),
    adamw: adamwSetting('others'),
  },
  check({ settings: { variant, amsgrad } }) {
    return amsgrad && variant !== 'adamw'
      ? `amsgrad needs a second moment, which the variant ${variant} has not; use the variant adamw`
      : undefined;
  },
  slots({ parameter, settings }) {
    if (isForAdamW(parameter, settings)) return adamwSlots;
    return {
      momentum: likeParameter,
      previousGradient: likeParameter,
      ...(settings.variant === 'adamw' ? { secondMoment: likeParameter } : {}),
      ...(settings.amsgrad ? { maxSecondMoment: likeParameter } : {}),
    };
  },
  update(tensors, scalars, context) {
    const { settings, parameter: info } = context;
    const { learningRate, beta1, beta2, epsilon, step } = scalars;
    const constantEpsilon = context.constant('epsilon');
    if (isForAdamW(info, settings)) {
      return adamwUpdate(tensors, {
        learningRate,
        beta1: scalars.adamBeta1,
        beta2: scalars.adamBeta2,
        epsilon,
        step,
        constantEpsilon,
        epsilonPlacement: 'corrected',
      });
    }
    const { parameter, gradient, previousGradient: previous } = tensors;
    const corrected = correctedGradient({ gradient, previous: previous!, gamma: scalars.gamma, beta: beta1 });
    const momentum = lerp(corrected, tensors.momentum!, beta1);
    const moved = (direction: Expression) => ({
      parameter: sub(parameter, mul(learningRate, direction)),
      momentum,
      previousGradient: gradient,
    });
    if (settings.variant === 'lion') return moved(sign(momentum));
    if (settings.variant === 'shampoo') {
      const [rows, columns] = info.shape as readonly [number, number];
      const sum = div(momentum, sub(1, beta1));
      const orthogonal = transform(newtonSchulz(info.shape), [sum], [epsilon]);
      return moved(mul(Math.sqrt(Math.max(1, rows / columns)), orthogonal));
    }

    const secondMoment = lerp(square(corrected), tensors.secondMoment!, beta2);
    const largest = settings.amsgrad ? maximum(tensors.maxSecondMoment!, secondMoment) : secondMoment;
    const denominator = add(div(sqrt(largest), sqrt(sub(1, pow(beta2, step)))), epsilon);
    const direction = div(div(momentum, sub(1, pow(beta1, step))), denominator);
    return {
      ...moved(withoutVanished(direction, largest, constantEpsilon)),
      secondMoment,
      ...(settings.amsgrad ? { maxSecondMoment: largest } : {}),
    };
  },
});
