import {
  boundedGradient,
  eigenbasis,
  fallingOrder,
  gramMatrix,
  orthogonalBasis,
  reordering,
  rotation,
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
  likeParameter,
  mul,
  type ParameterInfo,
  positiveInteger,
  pow,
  type Shape,
  sqrt,
  square,
  sub,
  sum,
  transform,
  where,
} from '@steepest/optimizer';

/** The axes that get a basis: none of a vector or of no elements, and of a tensor those that are not too long. */
function rotatedAxes({ shape, size }: ParameterInfo, maxPreconditionerDim: number): number[] {
  if (shape.length < 2 || size === 0) return [];
  return [...shape.keys()].filter((axis) => shape[axis]! <= maxPreconditionerDim);
}

/**
 * SOAP: Adam in the eigenbases of Shampoo's Gram matrices, which rotate slowly with the gradients.
 *
 * For every axis k, `L_k = shampooBeta * L_k + (1 - shampooBeta) * G_k G_k^T` with basis `Q_k`. With `g'` and `m'` the
 * gradient and its moving average rotated by all `Q_k^T`, `v = beta2 * v + (1 - beta2) * g' * g'` and
 * `p -= learningRate * sqrt(1 - beta2^t) / (1 - beta1^t) * rotatedBack(m' / (sqrt(v) + epsilon))`, then weight decay.
 * The first gradient only makes `L_k` and its eigenvectors `Q_k`. When t is a multiple of `preconditionFrequency`,
 * `Q_k` becomes the Q of the QR decomposition of `L_k Q_k`, columns and `v` sorted by falling `diag(Q_k^T L_k Q_k)`.
 *
 * Vyas et al. 2024, arXiv 2409.11321, with the authors' code's decay after the update.
 */
export const soapRule = defineUpdateRule({
  name: 'soap',
  title: 'SOAP',
  paper: {
    authors: 'Vyas et al.',
    year: 2024,
    title: 'SOAP: Improving and Stabilizing Shampoo using Adam',
    source: 'arXiv 2409.11321',
  },
  recommended: [
    {
      scale: 'transformers',
      settings: {
        learningRate: 3e-3,
        beta1: 0.95,
        beta2: 0.95,
        preconditionFrequency: 10,
        weightDecay: 0.01,
      },
      source: 'nikhilvyas/SOAP, README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 3e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.95, minimum: 0, below: 1, description: 'Decay of the first moment' },
    beta2: { default: 0.95, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
    shampooBeta: { default: 0.95, minimum: 0, below: 1, description: 'Decay of the Gram matrices' },
  },
  settings: {
    preconditionFrequency: positiveInteger(10, 'Steps from one refresh of the bases to the next'),
    maxPreconditionerDim: positiveInteger(1024, 'Longer axes get no basis'),
  },
  defaults: { weightDecay: 0.01 },
  ownsDecay: true,
  slots({ parameter, settings }) {
    const bases = rotatedAxes(parameter, settings.maxPreconditionerDim).flatMap((axis) => {
      const shape: Shape = [parameter.shape[axis]!, parameter.shape[axis]!];
      return [[`gramAxis${axis}`, { shape }] as const, [`basisAxis${axis}`, { shape }] as const];
    });
    return { momentum: likeParameter, secondMoment: likeParameter, ...Object.fromEntries(bases) };
  },
  update({ parameter, gradient, ...slots }, scalars, { parameter: info, settings }) {
    const { learningRate, beta1, beta2, epsilon, shampooBeta, decay } = scalars;
    const t = sub(scalars.step, 1);
    const isFirst = equal(t, 0);
    const isRefresh = dividesBy(t, settings.preconditionFrequency);
    const axes = rotatedAxes(info, settings.maxPreconditionerDim);
    const bases = new Map(axes.map((axis) => [axis, slots[`basisAxis${axis}`]!]));

    const g = boundedGradient(gradient);
    const momentum = lerp(g, slots.momentum!, beta1);
    const secondMoment = lerp(square(projected(g, bases)), slots.secondMoment!, beta2);
    const direction = div(projected(momentum, bases), add(sqrt(secondMoment), epsilon));
    const stepSize = div(mul(learningRate, sqrt(sub(1, pow(beta2, t)))), sub(1, pow(beta1, t)));
    const step = mul(stepSize, rotated(direction, bases, 'backward'));

    const outputs: Record<string, Expression> = {};
    let sorted = secondMoment;
    for (const [axis, basis] of bases) {
      const gram = lerp(transform(gramMatrix(info.shape, axis), [g]), slots[`gramAxis${axis}`]!, shampooBeta);
      const { order, next } = turned(basis, gram);
      sorted = transform(reordering(info.shape, axis), [sorted, order]);
      const first = transform(eigenbasis(info.shape[axis]!), [gram]);
      outputs[`gramAxis${axis}`] = gram;
      outputs[`basisAxis${axis}`] = where(isFirst, first, where(isRefresh, next, basis));
    }
    return {
      ...outputs,
      parameter: mul(sub(parameter, where(isFirst, 0, step)), sub(1, where(isFirst, 0, decay))),
      momentum: where(isFirst, slots.momentum!, momentum),
      secondMoment: where(isFirst, slots.secondMoment!, where(isRefresh, sorted, secondMoment)),
    };
  },
});

/** `x` in the bases, without what rounding adds where it has no part along a vector. */
function projected(x: Expression, bases: ReadonlyMap<number, Expression>): Expression {
  if (bases.size === 0) return x;
  return withoutRounding(rotated(x, bases, 'forward'));
}

/** `x` along every axis with a basis: into the bases, or out of them. */
function rotated(
  x: Expression,
  bases: ReadonlyMap<number, Expression>,
  direction: 'forward' | 'backward',
): Expression {
  let result = x;
  for (const [axis, basis] of bases) {
    result = transform(rotation(x.shape!, axis, direction), [result, basis]);
  }
  return result;
}

/** A basis after one step of the power method, its vectors sorted by falling eigenvalue, and their former indices. */
function turned(basis: Expression, gram: Expression): { order: Expression; next: Expression } {
  const shape = basis.shape!;
  const product = transform(rotation(shape, 1, 'forward'), [gram, basis]);
  const eigenvalues = sum(mul(basis, product), [0]);
  const order = transform(fallingOrder(shape[0]!), [eigenvalues]);
  const sorted = transform(reordering(shape, 1), [product, order]);
  return { order, next: transform(orthogonalBasis(shape[0]!), [sorted]) };
}

/** 1 where the whole number `x` is a multiple of `divisor`, else 0. */
function dividesBy(x: Expression, divisor: number): Expression {
  return equal(x, mul(divisor, floor(div(x, divisor))));
}
