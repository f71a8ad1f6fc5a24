import {
  frobeniusNorm,
  gaussianNoise,
  gramDifference,
  identityMatrix,
  largestMagnitude,
  type NoiseSource,
  noiseSetting,
  triangleProduct,
  triangularProduct,
  triangularSolution,
} from '@steepest/matrix-rules';
import {
  abs,
  add,
  defineUpdateRule,
  div,
  type Expression,
  equal,
  flag,
  greater,
  lerp,
  likeParameter,
  maximum,
  mean,
  minimum,
  mul,
  type Operand,
  oneOf,
  positiveInteger,
  pow,
  square,
  sub,
  sum,
  transform,
  where,
} from '@steepest/optimizer';
import { type Factor, factorsOf, mergedShape } from './kronecker-factors.ts';

/** Noise by the mean size of what it is added to: the root of float32's precision. */
const dampening = Math.sqrt(2 ** -23);

/** Keeps the division by the size of a step of zeros finite. */
const clipEpsilon = 1e-12;

/** A hundred times 0.01 is not 1 in floating point. */
const balanceRounding = 1e-9;
const isDue = (balance: Expression): Expression => greater(balance, 1 - balanceRounding);

/** A factor with its value. */
interface FactorValue extends Factor {
  readonly value: Expression;
}

/** `x` multiplied along one axis by a factor, or by its transpose. */
function multiplied(
  x: Expression,
  { axis, isDiagonal, value }: FactorValue,
  direction: 'factor' | 'transpose',
): Expression {
  if (isDiagonal) return mul(x, value);
  return transform(triangularProduct(x.shape!, axis, direction), [x, value]);
}

/** `x` multiplied along one axis by the transposed inverse of a factor. */
function solved(x: Expression, { axis, isDiagonal, value }: FactorValue): Expression {
  return isDiagonal ? div(x, value) : transform(triangularSolution(x.shape!, axis), [x, value]);
}

const largest = (x: Expression): Expression => transform(largestMagnitude(x.shape!), [x]);
const nonzero = (x: Expression): Expression => where(equal(x, 0), 1, x);

/** The diagonal of the Gram matrix of an axis, in the shape of a diagonal factor. */
function squaresAlong(x: Expression, axis: number): Expression {
  const others = [...x.shape!.keys()].filter((other) => other !== axis);
  return others.length === 0 ? square(x) : sum(square(x), others);
}

/** The factors scaled so that their largest elements are equal and their Kronecker product stays. */
function balanced(factors: readonly FactorValue[]): FactorValue[] {
  if (factors.length < 2) return [...factors];
  const sizes = factors.map(({ value }) => largest(value));
  const mean = sizes.map((size) => pow(size, 1 / sizes.length)).reduce((product, root) => mul(product, root));
  return factors.map((factor, index) => ({ ...factor, value: mul(factor.value, div(mean, sizes[index]!)) }));
}

/**
 * One step of the factors towards whitening `x`: with `A = Q x` and `B = Q^-T noise` along every axis,
 * `T = A A^T - B B^T` and `U = A A^T + B B^T` unfolded along the axis of a factor,
 * `Q -= rate * triu(T) Q / |U|`, or for a diagonal `Q -= rate * diag(T) Q / max(diag(U))`.
 */
function fitted(
  factors: readonly FactorValue[],
  x: Expression,
  noise: Expression,
  rate: Operand,
): Expression[] {
  const image = factors.reduce((product, factor) => multiplied(product, factor, 'factor'), x);
  const inverse = factors.reduce((product, factor) => solved(product, factor), noise);
  // A common scale divides out of T by U, and keeps squares within float32.
  const scale = nonzero(maximum(largest(image), largest(inverse)));
  const [a, b] = [div(image, scale), div(inverse, scale)];
  return factors.map(({ axis, length, isDiagonal, value }) => {
    if (isDiagonal) {
      const [first, second] = [squaresAlong(a, axis), squaresAlong(b, axis)];
      const change = div(mul(sub(first, second), value), nonzero(largest(add(first, second))));
      return sub(value, mul(rate, change));
    }
    const direction = transform(gramDifference(a.shape!, axis), [a, b]);
    return sub(value, mul(rate, transform(triangleProduct(length), [direction, value])));
  });
}

/**
 * PSGD Kron: momentum multiplied by a preconditioner that whitens it, a Kronecker product of triangular or diagonal factors,
 * `u = Q^T Q m` along every axis, where gradient descent on a Lie group fits `Q` so that `Q^T Q` is near the inverse root of
 * the second moment of what it sees:
 *
 *     m  = momentum * m + (1 - momentum) * g          mh = m / (1 - momentum^t)
 *     u  = Q^T Q mh along every axis,  u *= min(1, rmsClip / rms(u))
 *     p -= learningRate * (u + weightDecay * p)       decay of matrices only
 *
 * Pooladzandi and Li 2024, arXiv 2402.04553; Li 2015, arXiv 1512.04202. As in kron_torch of Evan Walters, Omead Pooladzandi
 * and Xi-Lin Li (CC BY 4.0), whose formulas this follows.
 */
export const psgdKronRule = defineUpdateRule({
  name: 'psgd-kron',
  title: 'PSGD Kron',
  paper: {
    authors: 'Pooladzandi and Li',
    year: 2024,
    title: 'Curvature-Informed SGD via General Purpose Lie-Group Preconditioners',
    source: 'arXiv 2402.04553',
  },
  recommended: [
    {
      scale: 'wide layers, little memory',
      settings: { memorySaveMode: 'smart_one_diag' },
      remark: 'a learning rate a third of Adam’s',
      source: 'evanatyourservice/kron_torch, README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 3e-4, minimum: 0, description: 'Step size' },
    momentum: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the momentum' },
    preconditionerLearningRate: { default: 0.1, minimum: 0, description: 'Step size of the factors' },
    updateProbability: {
      default: 1,
      minimum: 0,
      maximum: 1,
      description: 'Part of the steps that fit the factors: every 1 / updateProbability steps, rounded up',
    },
    balanceProbability: {
      default: 0.01,
      minimum: 0,
      maximum: 1,
      description: 'Part of those steps that first bring the factors to one size, evenly spread',
    },
    rmsClip: { default: 1.1, minimum: 0, description: 'Largest root mean square of a step' },
  },
  settings: {
    maxTriangularSize: positiveInteger(8192, 'Longer axes get a diagonal factor'),
    minTriangularRank: positiveInteger(2, 'Parameters of fewer axes get diagonal factors'),
    memorySaveMode: oneOf(
      ['none', 'one_diag', 'smart_one_diag', 'all_diag'],
      'none',
      'Diagonal factors to save memory: none, one_diag, smart_one_diag or all_diag',
    ),
    momentumIntoPreconditioner: flag(true, 'Fits the factors to the momentum, not to the gradient'),
    initialScale: {
      default: 1,
      description: 'Scale of the first preconditioner',
      check: (value) =>
        typeof value === 'number' && value > 0 && Number.isFinite(value)
          ? undefined
          : 'must be a positive number',
    },
    noise: noiseSetting,
  },
  groupState: {
    initial: {
      /** Steps since the factors were last fitted: 0 in a step that does. */
      waited: 0,
      /** Grows with every fit, and makes it balance the factors when it reaches 1. */
      balance: 0,
    },
    next({ waited, balance, updateProbability, balanceProbability }) {
      const waiting = add(waited!, 1);
      const waits = greater(div(1, updateProbability), waiting);
      const rest = where(isDue(balance!), sub(balance!, 1), balance!);
      return { waited: where(waits, waiting, 0), balance: where(waits, rest, add(rest, balanceProbability)) };
    },
  },
  ownsDecay: true,
  view: ({ parameter }) => mergedShape(parameter),
  slots({ parameter, settings }) {
    const factors = factorsOf(parameter, settings);
    const slots = factors.map(({ axis, shape }) => [`preconditioner${axis}`, { shape }] as const);
    return { momentum: likeParameter, ...Object.fromEntries(slots) };
  },
  update(tensors, scalars, { parameter: info, settings }) {
    const { learningRate, momentum: decayOfMomentum, step, iteration, decay } = scalars;
    const { parameter, gradient } = tensors;
    const isUpdate = equal(scalars.waited!, 0);
    const shape = mergedShape(info);
    const momentum = lerp(gradient, tensors.momentum!, decayOfMomentum);
    const corrected = div(momentum, sub(1, pow(decayOfMomentum, step)));

    const factors = factorsOf(info, settings).map((factor): FactorValue => {
      const first = initialFactor(factor, settings.initialScale ** (1 / shape.length));
      return { ...factor, value: where(equal(step, 1), first, tensors[`preconditioner${factor.axis}`]!) };
    });
    const noise = transform(gaussianNoise(shape, info.name, settings.noise as NoiseSource), [], [iteration]);
    const seen = settings.momentumIntoPreconditioner ? corrected : gradient;
    const noisy = add(seen, mul(mul(dampening, mean(abs(seen))), noise));
    const isBalanced = isDue(scalars.balance!);
    const even = balanced(factors);
    const starts = factors.map((factor, i) => ({
      ...factor,
      value: where(isBalanced, even[i]!.value, factor.value),
    }));
    const fits = fitted(starts, noisy, noise, scalars.preconditionerLearningRate);
    const next = factors.map((factor, i) => ({ ...factor, value: where(isUpdate, fits[i]!, factor.value) }));

    const direction = settings.momentumIntoPreconditioner ? where(isUpdate, noisy, corrected) : corrected;
    const whitened = next.reduce(
      (x, factor) => multiplied(multiplied(x, factor, 'factor'), factor, 'transpose'),
      direction,
    );
    const size = mul(frobeniusNorm(whitened), 1 / Math.sqrt(info.size));
    const clip = minimum(1, div(scalars.rmsClip, add(size, clipEpsilon)));
    const kept = info.shape.length < 2 ? parameter : mul(parameter, sub(1, decay));
    return {
      parameter: sub(kept, mul(learningRate, mul(whitened, clip))),
      momentum,
      ...Object.fromEntries(next.map(({ axis, value }) => [`preconditioner${axis}`, value])),
    };
  },
});

/** A multiple of the identity. */
function initialFactor({ isDiagonal, length }: Factor, scale: number): Operand {
  return isDiagonal ? scale : mul(transform(identityMatrix(length), []), scale);
}
