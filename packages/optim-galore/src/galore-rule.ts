import {
  adamwSetting,
  adamwSlots,
  adamwUpdate,
  matrixProduct,
  takesAdamW,
  withoutRounding,
} from '@steepest/matrix-rules';
import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  equal,
  floor,
  lerp,
  mul,
  oneOf,
  type ParameterInfo,
  positiveInteger,
  pow,
  type SettingSpec,
  sqrt,
  square,
  sub,
  transform,
  where,
  withoutVanished,
} from '@steepest/optimizer';
import {
  type Projection,
  projectedAxis,
  projectorOf,
  projectorSetting,
  projectorShape,
} from './projector.ts';

/** Whether AdamW updates a parameter. @throws Error if nothing does */
function isForAdamW(parameter: ParameterInfo, use: 'never' | 'others' | 'always'): boolean {
  const { name, shape, size } = parameter;
  const isMatrix = shape.length === 2 && size > 0;
  if (takesAdamW(parameter, use, isMatrix)) return true;
  if (isMatrix) return false;
  throw new Error(
    `galore-adamw projects matrices, and "${name}" has shape [${shape.join(', ')}]; let AdamW update it: adamw: 'others'`,
  );
}

/** The product of two matrices, one of which may be transposed. */
const product = (a: Expression, b: Expression, flipped?: 'left' | 'right'): Expression =>
  transform(matrixProduct(a.shape!, b.shape!, flipped), [a, b]);

/**
 * GaLore: AdamW on gradients in the space of a few of their singular vectors, renewed every `projectionGap` gradients.
 *
 * With at least as many rows as columns, P the first `rank` right singular vectors of g as columns and `R = g P`; else P the left
 * ones and `R = P^T g`. Then `m = beta1 * m + (1 - beta1) * R`, `v = beta2 * v + (1 - beta2) * R * R`, `u = m / (sqrt(v) + epsilon)`
 * and `p -= learningRate * sqrt(1 - beta2^t) / (1 - beta1^t) * scale * (u P^T or P u)`, then weight decay. `m` and `v` stay what they
 * are when P changes. What is not a matrix, embeddings and the last layer take the same AdamW without projection and scale.
 *
 * Zhao et al. 2024, arXiv 2403.03507, algorithm 2, with the epsilon and the decay after the update of the authors' code.
 */
export const galoreAdamWRule = defineUpdateRule({
  name: 'galore-adamw',
  title: 'GaLore AdamW',
  paper: {
    authors: 'Zhao et al.',
    year: 2024,
    title: 'GaLore: Memory-Efficient LLM Training by Gradient Low-Rank Projection',
    source: 'arXiv 2403.03507',
  },
  recommended: [
    {
      scale: 'Llama, 60 million parameters, 10,000 steps of 512 sequences',
      settings: { learningRate: 0.01, rank: 128, projectionGap: 200, scale: 0.25, weightDecay: 0 },
      remark: 'warm-up over a tenth of the steps',
      source: 'jiaweizzhao/GaLore, scripts/benchmark_c4/llama_60m.sh',
    },
    {
      scale: 'Llama, 130 million parameters, 20,000 steps of 512 sequences',
      settings: { learningRate: 0.01, rank: 256, projectionGap: 200, scale: 0.25, weightDecay: 0 },
      remark: 'warm-up over a tenth of the steps',
      source: 'jiaweizzhao/GaLore, scripts/benchmark_c4/llama_130m.sh',
    },
    {
      scale: 'Llama, 350 million parameters, 60,000 steps of 512 sequences',
      settings: { learningRate: 0.01, rank: 256, projectionGap: 200, scale: 0.25, weightDecay: 0 },
      remark: 'warm-up over a tenth of the steps',
      source: 'jiaweizzhao/GaLore, scripts/benchmark_c4/llama_350m.sh',
    },
    {
      scale: 'Llama, 1 billion parameters, 100,000 steps of 512 sequences',
      settings: { learningRate: 0.01, rank: 1024, projectionGap: 200, scale: 0.25, weightDecay: 0 },
      remark: 'warm-up over a tenth of the steps',
      source: 'jiaweizzhao/GaLore, scripts/benchmark_c4/llama_1b.sh',
    },
    {
      scale: 'Llama, 7 billion parameters, 150,000 steps of 512 sequences',
      settings: {
        learningRate: 0.005,
        rank: 1024,
        projectionGap: 500,
        scale: 0.25,
        weightDecay: 0,
        clipGlobalNorm: 1,
      },
      remark: 'warm-up over a tenth of the steps',
      source: 'jiaweizzhao/GaLore, scripts/benchmark_c4/llama_7b.sh',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the first moment' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-6, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
    scale: { default: 0.25, minimum: 0, description: 'Factor of the steps that are projected' },
  },
  settings: {
    rank: positiveInteger(128, 'Singular vectors that gradients are projected on'),
    projectionGap: positiveInteger(200, 'Gradients from one projector to the next'),
    projection: oneOf(
      ['std', 'reverse_std', 'right', 'left'],
      'std',
      'Side that is projected: std the shorter, reverse_std the longer, right the columns, left the rows',
    ) as SettingSpec<Projection>,
    projector: projectorSetting,
    adamw: adamwSetting('others'),
  },
  ownsDecay: true,
  slots({ parameter, settings: { adamw, projection, rank } }) {
    if (isForAdamW(parameter, adamw)) return adamwSlots;
    const projector = projectorShape(parameter, projection, rank);
    const [rows, columns] = parameter.shape as readonly [number, number];
    const shape = projectedAxis(parameter, projection) === 1 ? [rows, projector[1]] : [projector[1], columns];
    return { momentum: { shape }, secondMoment: { shape }, projector: { shape: projector } };
  },
  update(tensors, scalars, context) {
    const { settings, parameter: info } = context;
    const { learningRate, beta1, beta2, epsilon, scale, step, decay } = scalars;
    const decayed = (parameter: Expression): Expression => mul(parameter, sub(1, decay));
    const constantEpsilon = context.constant('epsilon');
    if (isForAdamW(info, settings.adamw)) {
      const update = adamwUpdate(tensors, {
        learningRate,
        beta1,
        beta2,
        epsilon,
        step,
        constantEpsilon,
        epsilonPlacement: 'uncorrected',
      });
      return { ...update, parameter: decayed(update.parameter) };
    }
    const { parameter, gradient } = tensors;
    const isColumns = projectedAxis(info, settings.projection) === 1;
    const renewed = transform(
      projectorOf(info, settings.projection, settings.rank, settings.projector),
      [gradient],
      [step],
    );
    const isDue = dividesBy(sub(step, 1), settings.projectionGap);
    const projector = where(isDue, renewed, tensors.projector!);

    // Along a vector where the gradient has no part, float32 leaves rounding errors, of which Adam would make full steps.
    const low = withoutRounding(
      isColumns ? product(gradient, projector) : product(projector, gradient, 'left'),
    );
    const momentum = lerp(low, tensors.momentum!, beta1);
    const secondMoment = lerp(square(low), tensors.secondMoment!, beta2);
    const direction = withoutVanished(
      div(momentum, add(sqrt(secondMoment), epsilon)),
      secondMoment,
      constantEpsilon,
    );
    const back = isColumns ? product(direction, projector, 'right') : product(projector, direction);
    const stepSize = div(mul(learningRate, sqrt(sub(1, pow(beta2, step)))), sub(1, pow(beta1, step)));
    return {
      parameter: decayed(sub(parameter, mul(mul(stepSize, scale), back))),
      momentum,
      secondMoment,
      projector,
    };
  },
});

/** 1 where the whole number `x` is a multiple of `divisor`, else 0. */
function dividesBy(x: Expression, divisor: number): Expression {
  return equal(x, mul(divisor, floor(div(x, divisor))));
}
