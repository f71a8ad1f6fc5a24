import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  equal,
  flag,
  lerp,
  likeParameter,
  mean,
  movingAverage,
  mul,
  pow,
  type SlotSpec,
  sqrt,
  square,
  sub,
  where,
  withoutVanished,
} from '@steepest/optimizer';

/** Second moment of a vector: one number for all its elements, or one an element. */
export type VectorSecondMoment = 'shared' | 'perElement';

const vectorChoices: readonly unknown[] = ['shared', 'perElement'];

const slotOf = (axis: number): string => `secondMomentAxis${axis}`;

/** Every axis but one. */
const axesWithout = (rank: number, kept: number): number[] =>
  Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== kept);

/**
 * Adafactor as in Zhao et al. (2024): momentum is the moving average of the raw gradient, and the second moment of a matrix is
 * factored into moving averages of the row means `R` and the column means `C` of `g * g`:
 * `v = outer(R, C) / mean(R)`, `p -= learningRate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)`.
 *
 * A tensor with n axes has one vector an axis: their product over `mean(first)^(n - 1)`. There is no relative step, no
 * update clipping and no scaling by the parameter.
 *
 * Zhao et al. 2024, arXiv 2407.07972, after Shazeer and Stern 2018, arXiv 1804.04235. For vectors the authors' running
 * code keeps one shared number, which is the default; `vectorSecondMoment: 'perElement'` keeps one an element, as
 * Shazeer and Stern do.
 */
export const adafactorRule = defineUpdateRule({
  name: 'adafactor',
  title: 'Adafactor',
  paper: {
    authors: 'Shazeer and Stern; Zhao et al.',
    year: 2018,
    title: 'Adafactor: Adaptive Learning Rates with Sublinear Memory Cost',
    source: 'arXiv 1804.04235',
  },
  recommended: [
    {
      scale: '150 million parameters on C4, 25,000 steps of 131,072 tokens',
      settings: {
        learningRate: 3.16e-3,
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-15,
        weightDecay: 0,
        clipGlobalNorm: 1,
      },
      remark: 'warm-up over a tenth of the run, then a cosine to a tenth',
      source: 'Zhao et al. 2024, arXiv 2407.07972: the authors’ code',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the first moment' },
    beta2: { default: 0.95, minimum: 0, below: 1, description: 'Decay of the factored second moment' },
    epsilon: {
      default: 1e-15,
      minimum: 0,
      description: 'Added to the square root, which it keeps from zero',
    },
  },
  settings: {
    vectorSecondMoment: {
      default: 'shared' as VectorSecondMoment,
      description: 'For vectors: shared (the study’s code) or perElement (Shazeer and Stern)',
      check: (value) =>
        vectorChoices.includes(value) ? undefined : `must be one of ${vectorChoices.join(', ')}`,
    },
    neuronOnly: flag(false, 'Replace the last axis’ vector by its mean: one second moment a row'),
  },
  view: ({ parameter }) => (parameter.shape.length === 0 ? [1] : parameter.shape),
  slots({ parameter, settings }) {
    const { shape } = parameter;
    const slots: Record<string, SlotSpec> = { momentum: likeParameter };
    if (shape.length <= 1) {
      slots[slotOf(0)] = { shape: [settings.vectorSecondMoment === 'shared' ? 1 : (shape[0] ?? 1)] };
    } else {
      for (const axis of shape.keys()) {
        slots[slotOf(axis)] = { shape: shape.map((length, other) => (other === axis ? length : 1)) };
      }
    }
    return slots;
  },
  update({ parameter, gradient, ...slots }, { learningRate, beta1, beta2, epsilon, step }, context) {
    const { settings } = context;
    const momentum = lerp(gradient, slots.momentum!, beta1);
    const squared = square(gradient);
    const rank = gradient.shape!.length;
    const vectors: Expression[] = [];
    if (rank === 1) {
      const observed = settings.vectorSecondMoment === 'shared' ? mean(squared) : squared;
      vectors.push(movingAverage(observed, slots[slotOf(0)]!, beta2));
    } else {
      for (let axis = 0; axis < rank; axis++) {
        vectors.push(movingAverage(mean(squared, axesWithout(rank, axis)), slots[slotOf(axis)]!, beta2));
      }
    }
    const secondMoment = joinFactors(vectors, settings.neuronOnly);
    const stepSize = div(learningRate, sub(1, pow(beta1, step)));
    const denominator = add(div(sqrt(secondMoment), sqrt(sub(1, pow(beta2, step)))), epsilon);
    const move = div(mul(stepSize, momentum), denominator);
    return {
      parameter: sub(parameter, withoutVanished(move, secondMoment, context.constant('epsilon'))),
      momentum,
      ...Object.fromEntries(vectors.map((vector, axis) => [slotOf(axis), vector])),
    };
  },
});

/**
 * The outer product of the axes' vectors over `mean(first)^(n - 1)`, each divided in turn to stay in range.
 *
 * Where the mean is 0 the product is 0, and where it has overflowed the product has: neither is 0 / 0 or infinity over
 * infinity.
 */
function joinFactors(vectors: readonly Expression[], averageLast: boolean): Expression {
  const [first, ...others] = vectors as [Expression, ...Expression[]];
  if (others.length === 0) return first;
  const center = mean(first);
  // Of all numbers only 0 and infinity equal their double.
  const isOutOfRange = equal(center, mul(2, center));
  return others.reduce(
    (product, vector, index) => {
      const factor = averageLast && index === others.length - 1 ? mean(vector) : vector;
      return mul(product, where(isOutOfRange, center, div(factor, center)));
    },
    where(isOutOfRange, center, first),
  );
}
