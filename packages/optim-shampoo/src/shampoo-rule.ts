import { boundedGradient, gramMatrix, identityMatrix, inverseRoot, rotation } from '@steepest/matrix-rules';
import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  equal,
  euclideanNorm,
  flag,
  floor,
  greater,
  likeParameter,
  mul,
  oneOf,
  type ParameterInfo,
  positiveInteger,
  pow,
  type SettingSpec,
  type Shape,
  sqrt,
  square,
  sub,
  transform,
  where,
} from '@steepest/optimizer';
import { assembled, type Block, blockOf, blocksOf, mergedShape } from './blocks.ts';

/** Whose step sizes the steps take over. */
export type Grafting = 'none' | 'adagrad' | 'rmsprop' | 'adam';

/** Powers of the factors, by the number of axes and the axis; 0 leaves an axis alone. */
export type InverseExponents = Readonly<Record<number, Readonly<Record<number, number>>>>;

interface ShampooSettings {
  readonly beta3: number | null;
  readonly preconditionFrequency: number;
  readonly startPreconditioningStep: number | null;
  readonly biasCorrection: boolean;
  readonly grafting: Grafting;
  readonly maxPreconditionerDim: number | null;
  readonly targetRank: number | null;
  readonly inverseExponents: InverseExponents | null;
}

/** Keeps the norm that a grafted step is divided by from zero. */
const smallestNorm = 1e-16;

const orNull = (
  allows: (value: number) => boolean,
  description: string,
  range: string,
  usual: number | null = null,
): SettingSpec<number | null> => ({
  default: usual,
  description,
  check: (value) =>
    value === null || (typeof value === 'number' && allows(value)) ? undefined : `must be ${range}, or null`,
});
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

function exponentsProblem(value: unknown): string | undefined {
  const problem =
    'must be powers of at least 0 by number of axes and axis, such as { 2: { 0: 0.5, 1: 0 } }, or null';
  if (value === null) return undefined;
  if (typeof value !== 'object') return problem;
  const powers = Object.values(value).flatMap((axes: unknown) =>
    typeof axes === 'object' && axes !== null ? (Object.values(axes) as unknown[]) : [undefined],
  );
  return powers.length > 0 &&
    powers.every((power) => typeof power === 'number' && power >= 0 && Number.isFinite(power))
    ? undefined
    : problem;
}

/** An axis of a block that has a factor. */
interface Factor {
  readonly axis: number;
  readonly length: number;
  readonly exponent: number;
  /** The names of its slots. */
  readonly gram: string;
  readonly root: string;
}

interface Part {
  readonly block: Block;
  readonly factors: readonly Factor[];
}

function layoutOf(
  { shape, size }: ParameterInfo,
  settings: ShampooSettings,
): { shape: Shape; parts: readonly Part[] } {
  const longest = settings.maxPreconditionerDim ?? Infinity;
  const merged = mergedShape(shape, settings.targetRank, longest);
  const blocks = size === 0 ? [] : blocksOf(merged, longest);
  const parts = blocks.map((block, index): Part => {
    const prefix = blocks.length === 1 ? '' : `block${index}`;
    const named = (name: string, axis: number): string =>
      prefix === '' ? `${name}${axis}` : `${prefix}${name[0]!.toUpperCase()}${name.slice(1)}${axis}`;
    const factors = block.shape.map((length, axis) => ({
      axis,
      length,
      exponent: settings.inverseExponents?.[merged.length]?.[axis] ?? 1 / (2 * merged.length),
      gram: named('factor', axis),
      root: named('inverseRoot', axis),
    }));
    return { block, factors: factors.filter(({ exponent }) => exponent > 0) };
  });
  return { shape: merged, parts };
}

/**
 * Shampoo: the averaged gradient, multiplied along every axis by a root of the inverse of that axis' Gram matrices.
 *
 * For every axis k of a parameter with n axes, `L_k = beta2 * L_k + (1 - beta2) * G_k G_k^T`, a sum where `beta2` is 1. Every
 * `preconditionFrequency` steps from `startPreconditioningStep` on, `H_k = (L_k / (1 - beta2^t) + epsilon I)^(-1 / 2n)`. With `t` the
 * optimizer's step, `f = (beta3 * m + (1 - beta3) * g) / (1 - beta3 * beta1^(t - 1))` and then `m = beta1 * m + (1 - beta1) * g`, the
 * direction is `D = f` multiplied by every `H_k`, and `p -= learningRate * D`. With grafting `D` has the norm of the step that Adagrad,
 * RMSprop or Adam would take, which is the direction itself before `startPreconditioningStep`.
 *
 * Gupta, Koren and Singer 2018, arXiv 1802.09568, as in the distributed Shampoo of Shi et al. 2023, arXiv 2309.06497: blocks, merged
 * axes, grafting and bias corrections are theirs.
 */
export const shampooRule = defineUpdateRule({
  name: 'shampoo',
  title: 'Shampoo',
  paper: {
    authors: 'Gupta, Koren and Singer',
    year: 2018,
    title: 'Shampoo: Preconditioned Stochastic Tensor Optimization',
    source: 'arXiv 1802.09568',
  },
  recommended: [
    {
      scale: 'in place of a tuned Adam',
      settings: {
        learningRate: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        grafting: 'adam',
        graftBeta2: 0.999,
        graftEpsilon: 1e-8,
      },
      remark: 'grafted to the settings of that Adam',
      source: 'facebookresearch/optimizers, README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the momentum' },
    beta2: { default: 0.999, minimum: 0, maximum: 1, description: 'Decay of the factors; 1 for their sum' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the eigenvalues of the factors' },
    graftBeta2: {
      default: 0.999,
      minimum: 0,
      below: 1,
      description: 'Decay of the second moment of grafting with rmsprop or adam',
    },
    graftEpsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root of grafting' },
  },
  settings: {
    beta3: orNull(
      (value) => value >= 0 && value < 1,
      'Part of the momentum in a step; null for beta1',
      'a number, at least 0 and below 1',
    ),
    preconditionFrequency: positiveInteger(10, 'Steps from one inverse root of the factors to the next'),
    startPreconditioningStep: orNull(
      isCount,
      'Step of the first inverse root; null for preconditionFrequency',
      'an integer from 1',
    ),
    biasCorrection: flag(true, 'Corrects the momentum and the factors for their start at 0'),
    grafting: oneOf(
      ['none', 'adagrad', 'rmsprop', 'adam'],
      'adam',
      'Whose norm every step takes over: none, adagrad, rmsprop or adam',
    ) as SettingSpec<Grafting>,
    maxPreconditionerDim: orNull(
      isCount,
      'Longer axes are cut into blocks with factors of their own; null for no limit',
      'an integer from 1',
      1024,
    ),
    targetRank: orNull(
      isCount,
      'Axes of length 1 are dropped and neighbors merged down to this many axes; null for the own shape',
      'an integer from 1',
    ),
    inverseExponents: {
      default: null,
      description: 'Powers by number of axes and axis; 0 for no factor, and null for 1 / (2 axes) everywhere',
      check: exponentsProblem,
    } as SettingSpec<InverseExponents | null>,
  },
  view: ({ parameter, settings }) => layoutOf(parameter, settings).shape,
  slots({ parameter, settings }) {
    const factors = layoutOf(parameter, settings).parts.flatMap((part) => part.factors);
    const square = factors.flatMap(({ gram, root, length }) =>
      [gram, root].map((name) => [name, { shape: [length, length] }] as const),
    );
    return {
      momentum: likeParameter,
      ...(settings.grafting === 'none' ? {} : { graftSecondMoment: likeParameter }),
      ...Object.fromEntries(square),
    };
  },
  update({ parameter, gradient, ...slots }, scalars, { parameter: info, settings }) {
    const { learningRate, beta1, beta2, epsilon, iteration: t, step } = scalars;
    const { shape, parts } = layoutOf(info, settings);
    const g = boundedGradient(gradient);
    const momentum = add(mul(beta1, slots.momentum!), mul(sub(1, beta1), g));
    const filtered = filteredGradient(g, slots.momentum!, scalars, settings);

    const start = settings.startPreconditioningStep ?? settings.preconditionFrequency;
    const hasStarted = greater(t, start - 1);
    const isDue = where(
      equal(t, start),
      1,
      where(hasStarted, dividesBy(t, settings.preconditionFrequency), 0),
    );
    const corrects = settings.biasCorrection ? where(equal(beta2, 1), 1, sub(1, pow(beta2, t))) : 1;
    const weight = where(equal(beta2, 1), 1, sub(1, beta2));

    const outputs: Record<string, Expression> = {};
    const grafted = graft(g, filtered, slots.graftSecondMoment, scalars, settings.grafting);
    if (grafted !== undefined) outputs.graftSecondMoment = grafted.secondMoment;
    const directions = parts.map(({ block, factors }) => {
      const cut = (x: Expression): Expression =>
        parts.length === 1 ? x : transform(blockOf(shape, block), [x]);
      const slope = cut(g);
      let direction = cut(filtered);
      for (const { axis, length, exponent, gram: gramSlot, root: rootSlot } of factors) {
        const product = transform(gramMatrix(block.shape, axis), [slope]);
        const gram = add(mul(beta2, slots[gramSlot]!), mul(weight, product));
        const first = transform(identityMatrix(length), []);
        const before = where(equal(step, 1), first, slots[rootSlot]!);
        const root = where(
          isDue,
          transform(inverseRoot(length), [gram], [corrects, epsilon, exponent]),
          before,
        );
        outputs[gramSlot] = gram;
        outputs[rootSlot] = root;
        direction = transform(rotation(block.shape, axis, 'forward'), [direction, root]);
      }
      if (grafted === undefined) return direction;
      const own = cut(grafted.direction);
      const scale = div(euclideanNorm(own), add(euclideanNorm(direction), smallestNorm));
      return where(hasStarted, mul(direction, scale), own);
    });
    const whole =
      directions.length <= 1
        ? (directions[0] ?? filtered)
        : transform(
            assembled(
              shape,
              parts.map(({ block }) => block),
            ),
            directions,
          );
    return { parameter: sub(parameter, mul(learningRate, whole)), momentum, ...outputs };
  },
});

type Scalars = Readonly<Record<string, Expression>>;

/** The average of gradients that a step takes, corrected. */
function filteredGradient(
  g: Expression,
  momentum: Expression,
  { beta1, iteration }: Scalars,
  settings: ShampooSettings,
): Expression {
  const beta3 = settings.beta3 === null ? beta1! : settings.beta3;
  const mixed = add(mul(beta3, momentum), mul(sub(1, beta3), g));
  if (!settings.biasCorrection) return mixed;
  return div(mixed, sub(1, mul(beta3, pow(beta1!, sub(iteration!, 1)))));
}

/** The step of the optimizer that is grafted; `undefined` without one. */
function graft(
  g: Expression,
  filtered: Expression,
  slot: Expression | undefined,
  { graftBeta2, graftEpsilon, iteration }: Scalars,
  grafting: Grafting,
): { readonly direction: Expression; readonly secondMoment: Expression } | undefined {
  if (grafting === 'none') return undefined;
  const secondMoment =
    grafting === 'adagrad'
      ? add(slot!, square(g))
      : add(mul(graftBeta2!, slot!), mul(sub(1, graftBeta2!), square(g)));
  const corrected =
    grafting === 'adam' ? div(secondMoment, sub(1, pow(graftBeta2!, iteration!))) : secondMoment;
  const direction = div(filtered, add(sqrt(corrected), graftEpsilon!));
  // Without an epsilon a gradient that was always 0 would be 0 / 0.
  return { direction: where(equal(secondMoment, 0), 0, direction), secondMoment };
}

/** 1 where the whole number `x` is a multiple of `divisor`, else 0. */
function dividesBy(x: Expression, divisor: number): Expression {
  return equal(x, mul(divisor, floor(div(x, divisor))));
}
