import {
  adamwHyperparameters,
  adamwSetting,
  adamwSlots,
  adamwUpdate,
  frobeniusNorm,
  gaussianNoise,
  largestMagnitude,
  matrixProduct,
  noiseSetting,
  orthogonalBasis,
  takesAdamW,
} from '@steepest/matrix-rules';
import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  equal,
  greater,
  likeParameter,
  mul,
  type ParameterInfo,
  positiveInteger,
  sub,
  transform,
  where,
} from '@steepest/optimizer';

/** Whether AdamW updates a parameter. @throws Error if nothing does */
function isForAdamW(parameter: ParameterInfo, use: 'never' | 'others' | 'always'): boolean {
  const { name, shape } = parameter;
  const isMatrix = shape.length === 2;
  if (takesAdamW(parameter, use, isMatrix)) return true;
  if (isMatrix) return false;
  throw new Error(
    `dion updates matrices, and "${name}" has shape [${shape.join(', ')}]; let AdamW update it: adamw: 'others'`,
  );
}

/** The shape of the factor that is kept: of a matrix that is no wider than tall its columns, else its rows, by the rank. */
function rightShape({ shape }: ParameterInfo, rankFraction: number): readonly [number, number] {
  const shorter = Math.min(...shape);
  return [shorter, Math.ceil(rankFraction * shorter)];
}

/** Norms of columns below this part of the largest may be rounding in float32. */
const float32Noise = 2 ** -20;

/** The product of two matrices, one of which may be transposed. */
const product = (a: Expression, b: Expression, flipped?: 'left' | 'right'): Expression =>
  transform(matrixProduct(a.shape!, b.shape!, flipped), [a, b]);

/**
 * Dion: momentum of which the part in a low rank is made orthonormal and taken out, by one step of the power method a step.
 * For a matrix with at least as many rows as columns, and else for its transpose,
 *
 *     M += g
 *     P  = the Q of the QR decomposition of M Q,   R = M^T P
 *     M -= (1 - momentum) * P R^T
 *     Q  = columns of R by (their norms + epsilon)
 *     p -= learningRate * sqrt(rows / columns) * P Q^T
 *
 * Where M is zero, P is, and R = Q. What is not a matrix, embeddings and the last layer take AdamW.
 *
 * Ahn et al. 2025, arXiv 2504.05295, algorithm 1.
 */
export const dionRule = defineUpdateRule({
  name: 'dion',
  title: 'Dion',
  paper: {
    authors: 'Ahn et al.',
    year: 2025,
    title: 'Dion: Distributed Orthonormalized Updates',
    source: 'arXiv 2504.05295',
  },
  recommended: [
    {
      scale: 'GPT of 160 million parameters, 3,000 steps of 1,024 sequences',
      settings: { learningRate: 0.02, momentum: 0.95, rankFraction: 0.5, weightDecay: 0.01 },
      remark:
        'no warm-up, to zero over the last fifth; the last layer at the rate divided by the root of the width',
      source: 'microsoft/dion, configs/dion_160m.yaml',
    },
  ],
  hyperparameters: {
    learningRate: { default: 0.01, minimum: 0, description: 'Step size' },
    momentum: { default: 0.95, minimum: 0, maximum: 1, description: 'What of a step stays in the momentum' },
    epsilon: {
      default: 1e-8,
      minimum: 0,
      description: 'Added to the norms of columns, and to the square root of AdamW',
    },
    adamBeta1: adamwHyperparameters.adamBeta1,
    adamBeta2: adamwHyperparameters.adamBeta2,
  },
  settings: {
    rankFraction: {
      default: 1 as number,
      description: 'Rank of a step by the shorter axis of a matrix, rounded up',
      check: (value) =>
        typeof value === 'number' && value > 0 && value <= 1
          ? undefined
          : 'must be a number above 0, up to 1',
    },
    powerIterations: positiveInteger(1, 'Steps of the power method in a step'),
    adamw: adamwSetting('others'),
    noise: noiseSetting,
  },
  defaults: { weightDecay: 0.01 },
  slots({ parameter, settings }) {
    if (isForAdamW(parameter, settings.adamw)) return adamwSlots;
    return { momentum: likeParameter, rightFactor: { shape: rightShape(parameter, settings.rankFraction) } };
  },
  update(tensors, scalars, context) {
    const { settings, parameter: info } = context;
    const { learningRate, epsilon, step } = scalars;
    if (isForAdamW(info, settings.adamw)) {
      return adamwUpdate(tensors, {
        learningRate,
        beta1: scalars.adamBeta1,
        beta2: scalars.adamBeta2,
        epsilon,
        // The authors' code counts the steps of all parameters together.
        step: scalars.iteration,
        constantEpsilon: context.constant('epsilon'),
        epsilonPlacement: 'corrected',
      });
    }
    const { parameter, gradient } = tensors;
    const [rows, columns] = info.shape as readonly [number, number];
    const isWide = rows < columns;
    const shape = rightShape(info, settings.rankFraction);
    const first = transform(gaussianNoise(shape, info.name, settings.noise), [], [step]);
    const before = where(equal(step, 1), first, tensors.rightFactor!);
    const sum = add(tensors.momentum!, gradient);

    // The power method does not see the scale of the momentum, and float32 could not hold its products.
    const size = transform(largestMagnitude(info.shape), [sum]);
    const isZero = equal(size, 0);
    const unit = div(sum, where(isZero, 1, size));
    let [left, right] = [before, before];
    for (let iteration = 0; iteration < settings.powerIterations; iteration++) {
      const image = product(unit, right, isWide ? 'left' : undefined);
      left = transform(orthogonalBasis(Math.max(rows, columns), shape[1]), [image]);
      right = product(unit, left, isWide ? undefined : 'left');
    }
    left = where(isZero, 0, left);
    right = where(isZero, before, mul(right, size));

    const lowRank = (factor: Expression) =>
      isWide ? product(factor, left, 'right') : product(left, factor, 'right');
    const norms = frobeniusNorm(right, [0]);
    const longest = transform(largestMagnitude(norms.shape!), [norms]);
    // Of a momentum of lower rank, columns are float32 rounding, which a division by their norm would make as long as the others.
    const isRounding = greater(mul(longest, float32Noise), norms);
    const rightFactor = where(isRounding, 0, div(right, add(norms, epsilon)));
    const stepSize = mul(learningRate, Math.sqrt(rows / columns));
    return {
      parameter: sub(parameter, mul(stepSize, lowRank(rightFactor))),
      momentum: sub(sum, mul(sub(1, scalars.momentum), lowRank(right))),
      rightFactor,
    };
  },
});
