import {
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
  movingAverage,
  mul,
  pow,
  type RuleContext,
  type SlotSpec,
  sqrt,
  square,
  sub,
  where,
} from '@steepest/optimizer';

/** What `epsilon1` does: it is added to every squared gradient, or bounds the second moment from below. */
export type Epsilon1Placement = 'added' | 'bound';

/** What weight decay is multiplied by: the learning rate, or the whole step size with the parameter's scale. */
export type DecayScale = 'learningRate' | 'stepSize';

const oneOf =
  (...values: readonly string[]) =>
  (value: unknown): string | undefined =>
    values.includes(value as string) ? undefined : `must be one of ${values.join(', ')}`;

/** How far the relative step may rise with every gradient under `warmupInit`. */
const warmupSlope = 1e-6;

/** A first moment whose decay is the constant 0 needs no state. */
const keepsMomentum = ({ constant }: RuleContext<'beta1', unknown>): boolean => constant('beta1') !== 0;

const rootMeanSquare = (x: Expression): Expression => sqrt(mean(square(x)));

/** `1 / sqrt(x)`, and 0 where `x` is 0 or has overflowed: what has no scale does not move. */
const inverseRoot = (x: Expression): Expression => where(greater(x, 0), div(1, sqrt(x)), 0);

/** `sqrt(x)`, and 0 where `x` has overflowed: of all numbers only 0 and infinity equal their double. */
const finiteRoot = (x: Expression): Expression => where(equal(x, mul(2, x)), 0, sqrt(x));

interface Normalized {
  readonly update: Expression;
  readonly secondMoments: Record<string, Expression>;
}

/** {@link normalized} with the second moment bounded from below, as in PyTorch. */
function boundedBelow(
  gradient: Expression,
  slots: Readonly<Record<string, Expression>>,
  beta2: Expression,
  epsilon1: Expression,
): Normalized {
  const rank = gradient.shape!.length;
  const squared = square(gradient);
  const over = (secondMoment: Expression): Expression =>
    mul(gradient, inverseRoot(maximum(secondMoment, square(epsilon1))));
  if (rank === 1) {
    const secondMoment = movingAverage(squared, slots.secondMoment!, beta2);
    return { update: over(secondMoment), secondMoments: { secondMoment } };
  }
  const rows = movingAverage(mean(squared, [rank - 1]), slots.secondMomentRows!, beta2);
  const columns = movingAverage(mean(squared, [rank - 2]), slots.secondMomentColumns!, beta2);
  const share = div(rows, maximum(mean(rows, [rank - 2]), epsilon1));
  return {
    update: over(mul(share, columns)),
    secondMoments: { secondMomentRows: rows, secondMomentColumns: columns },
  };
}

/** The gradient over the root of its second moment, and the second moment's new slots. */
function normalized(
  gradient: Expression,
  slots: Readonly<Record<string, Expression>>,
  beta2: Expression,
  epsilon1: Expression,
): Normalized {
  const rank = gradient.shape!.length;
  const squared = square(gradient);
  if (rank === 1) {
    const secondMoment = movingAverage(add(squared, epsilon1), slots.secondMoment!, beta2);
    return { update: mul(gradient, inverseRoot(secondMoment)), secondMoments: { secondMoment } };
  }
  const follows = (slot: string, axis: number): Expression =>
    movingAverage(add(mean(squared, [axis]), epsilon1), slots[slot]!, beta2);
  const rows = follows('secondMomentRows', rank - 1);
  const columns = follows('secondMomentColumns', rank - 2);
  // Root by root: the product of a small row and a small column is 0 in float32 where that of their roots is not.
  const rowFactor = mul(finiteRoot(mean(rows, [rank - 2])), inverseRoot(rows));
  return {
    update: mul(mul(gradient, rowFactor), inverseRoot(columns)),
    secondMoments: { secondMomentRows: rows, secondMomentColumns: columns },
  };
}

/**
 * Adafactor as its authors published it. With `beta2 = 1 - t^beta2Decay`, `rms(x) = sqrt(mean(x * x))`, and for a
 * matrix the moving averages `R` and `C` of the row and column means of `g * g + epsilon1`:
 *
 *     u  = g / sqrt(outer(R, C) / mean(R))
 *     u /= max(1, rms(u) / clipThreshold)
 *     p -= max(epsilon2, rms(p)) * min(learningRate, 1 / sqrt(t)) * u
 *
 * Scalars and vectors keep the moving average of `g * g + epsilon1` itself. A tensor with more than two axes is factored
 * over its last two, each matrix of the leading axes on its own; the two root mean squares are those of the whole
 * tensor.
 *
 * Shazeer and Stern 2018, arXiv 1804.04235, algorithms 4 to 6, where the ceiling of the relative step is 0.01. As in
 * PyTorch `learningRate` is that ceiling, and weight decay multiplies the parameter by `1 - learningRate * weightDecay`.
 * The first moment that `beta1` switches on is, as in the authors' Tensor2Tensor and in Hugging Face's transformers, a
 * moving average of the whole step, without bias correction.
 */
export const adafactorOriginalRule = defineUpdateRule({
  name: 'adafactor-original',
  title: 'Adafactor (original)',
  paper: {
    authors: 'Shazeer and Stern',
    year: 2018,
    title: 'Adafactor: Adaptive Learning Rates with Sublinear Memory Cost',
    source: 'arXiv 1804.04235',
  },
  recommended: [
    {
      scale: 'fine-tuning of T5',
      settings: { learningRate: 1e-3, relativeStep: false, scaleParameter: false, clipThreshold: 1 },
      remark: 'after a warm-up; no other clipping',
      source: 'huggingface/transformers, src/transformers/optimization.py',
    },
    {
      scale: 'without a learning rate',
      settings: { relativeStep: true, scaleParameter: true, warmupInit: true },
      source: 'huggingface/transformers, src/transformers/optimization.py',
    },
  ],
  hyperparameters: {
    learningRate: {
      default: 0.01,
      minimum: 0,
      description: 'Ceiling of the relative step; the step size itself without relativeStep',
    },
    beta1: { default: 0, minimum: 0, below: 1, description: 'Decay of the first moment; 0 keeps none' },
    beta2Decay: {
      default: -0.8,
      maximum: 0,
      description: 'Exponent of the second moment’s decay, 1 - t^beta2Decay',
    },
    epsilon1: {
      default: 1e-30,
      minimum: 0,
      description: 'Added to the squared gradient, or what bounds the second moment',
    },
    epsilon2: { default: 1e-3, minimum: 0, description: 'Least root mean square a parameter counts with' },
    clipThreshold: {
      default: 1,
      minimum: 0,
      description: 'Root mean square above which an update is scaled down',
    },
  },
  settings: {
    relativeStep: flag(true, 'The step size is min(learningRate, 1 / sqrt(t)) instead of learningRate'),
    scaleParameter: flag(true, 'The step size is multiplied by the parameter’s root mean square'),
    warmupInit: flag(false, 'Let the relative step grow by 1e-6 with every gradient at first'),
    epsilon1Placement: {
      default: 'added' as Epsilon1Placement,
      description: 'added to the squared gradient, or bound of the second moment as in PyTorch',
      check: oneOf('added', 'bound'),
    },
    decayScale: {
      default: 'learningRate' as DecayScale,
      description: 'What weight decay is multiplied by: learningRate, or the whole stepSize',
      check: oneOf('learningRate', 'stepSize'),
    },
  },
  check: ({ settings }) =>
    settings.warmupInit && !settings.relativeStep
      ? 'warmupInit is for the relative step; give relativeStep: true, or a schedule of the learning rate'
      : undefined,
  ownsDecay: true,
  view: ({ parameter }) => (parameter.shape.length === 0 ? [1] : parameter.shape),
  slots(context) {
    const { shape } = context.parameter;
    const slots: Record<string, SlotSpec> = keepsMomentum(context) ? { momentum: likeParameter } : {};
    if (shape.length <= 1) return { ...slots, secondMoment: { shape: [shape[0] ?? 1] } };
    const leading = shape.slice(0, -2);
    const [rows, columns] = shape.slice(-2) as [number, number];
    return {
      ...slots,
      secondMomentRows: { shape: [...leading, rows, 1] },
      secondMomentColumns: { shape: [...leading, 1, columns] },
    };
  },
  update({ parameter, gradient, ...slots }, scalars, context) {
    const { learningRate, beta1, beta2Decay, epsilon1, epsilon2, clipThreshold, step, decay } = scalars;
    const { relativeStep, scaleParameter, warmupInit, epsilon1Placement, decayScale } = context.settings;
    const beta2 = sub(1, pow(step, beta2Decay));
    const normalize = epsilon1Placement === 'bound' ? boundedBelow : normalized;
    const { update, secondMoments } = normalize(gradient, slots, beta2, epsilon1);
    const ceiling = warmupInit ? minimum(learningRate, mul(warmupSlope, step)) : learningRate;
    const relative = relativeStep ? minimum(ceiling, div(1, sqrt(step))) : learningRate;
    // The decay comes after: the parameter's scale is that before the step.
    const stepSize = scaleParameter ? mul(maximum(epsilon2, rootMeanSquare(parameter)), relative) : relative;
    const clipping = maximum(1, div(rootMeanSquare(update), clipThreshold));
    const move = mul(div(stepSize, clipping), update);
    const momentum = keepsMomentum(context) ? lerp(move, slots.momentum!, beta1) : move;
    const scale = where(greater(learningRate, 0), div(stepSize, learningRate), 0);
    const share = decayScale === 'stepSize' ? mul(decay, scale) : decay;
    return {
      parameter: sub(mul(parameter, sub(1, share)), momentum),
      ...(keepsMomentum(context) ? { momentum } : {}),
      ...secondMoments,
    };
  },
});

/** Options of `AdafactorOriginal` under which it does what `torch.optim.Adafactor` does with float32 parameters. */
export const pytorchAdafactor = {
  learningRate: 0.01,
  beta2Decay: -0.8,
  epsilon1: 2 ** -23,
  epsilon2: 1e-3,
  clipThreshold: 1,
  epsilon1Placement: 'bound',
} as const;

/**
 * Options of `AdafactorOriginal` under which it does what `Adafactor` of Hugging Face's transformers does by default. Add
 * `warmupInit: true`, or `relativeStep: false` and a `learningRate`, as there.
 */
export const transformersAdafactor = {
  learningRate: 0.01,
  beta2Decay: -0.8,
  epsilon1: 1e-30,
  epsilon2: 1e-3,
  clipThreshold: 1,
  decayScale: 'stepSize',
} as const;
