import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  greater,
  lerp,
  likeParameter,
  mean,
  movingAverage,
  mul,
  type ParameterInfo,
  pow,
  type Shape,
  sqrt,
  square,
  sub,
  where,
  withoutVanished,
} from '@steepest/optimizer';

/**
 * How a tensor is cut into blocks that share one second moment: the whole `tensor`; one block a `rows` (first axis);
 * three equal blocks of rows for a fused `qkv`; or `auto`, which takes `rows` for the role `lastLayer`, `qkv` for the
 * role `qkv` and for names with a path segment `qkv`, and `tensor` for everything else.
 */
export type Blocks = 'auto' | 'tensor' | 'rows' | 'qkv';

const choices: readonly unknown[] = ['auto', 'tensor', 'rows', 'qkv'];

function blocksOf(parameter: ParameterInfo, choice: Blocks): Exclude<Blocks, 'auto'> {
  if (choice !== 'auto') return choice;
  if (parameter.role === 'lastLayer') return 'rows';
  const isFused = parameter.role === 'qkv' || parameter.name.split('/').includes('qkv');
  return isFused && parameter.shape.length >= 2 && parameter.shape[0]! % 3 === 0 ? 'qkv' : 'tensor';
}

/** The parameter as [blocks, elements of a block...], so that a block's mean is a mean over the later axes. */
function blockView(parameter: ParameterInfo, choice: Blocks): Shape {
  const blocks = blocksOf(parameter, choice);
  const rows = parameter.shape[0] ?? 1;
  if (blocks === 'tensor') return [1, parameter.size];
  if (blocks === 'rows') return [rows, parameter.shape.slice(1).reduce((size, length) => size * length, 1)];
  if (rows % 3 !== 0) {
    throw new Error(
      `adalayer: blocks "qkv" needs a first axis divisible by 3; ${parameter.name} has [${parameter.shape}]`,
    );
  }
  return [3, parameter.size / 3];
}

/** What a second moment that was measured for `freezeSteps` does later: nothing, or follow the gradients with `beta2`. */
export type AfterFreeze = 'frozen' | 'updating';

const afterFreezeChoices: readonly unknown[] = ['frozen', 'updating'];

interface Freezing {
  readonly freezeSteps: number;
  readonly afterFreeze: AfterFreeze;
}

/** The blocks' second moment after a step whose blocks have the mean squared gradients `observed`. */
function nextSecondMoment(
  observed: Expression,
  previous: Expression,
  { beta2, step }: Readonly<Record<'beta2' | 'step', Expression>>,
  { freezeSteps, afterFreeze }: Freezing,
): Expression {
  // With beta2 = 0 a second moment that has overflowed leaves no trace.
  const followed = movingAverage(observed, previous, beta2);
  if (freezeSteps === 0) return followed;
  const measured = lerp(observed, previous, div(step, add(step, 1)));
  return where(greater(step, freezeSteps), afterFreeze === 'updating' ? followed : previous, measured);
}

/**
 * Adalayer: Adam with one second moment per block, the moving average of the block's mean squared gradient:
 * `v = beta2 * v + (1 - beta2) * mean(g * g)`, and
 * `p -= learningRate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)`.
 *
 * Frozen Adalayer, with F = `freezeSteps` above 0: for t <= F, `v = v * t / (t + 1) + mean(g * g) / (t + 1)`; later `v`
 * keeps its value, or follows with `beta2` where `afterFreeze` is `updating`. `v` has no bias correction then. `m`
 * gathers gradients from the first step on; that nothing moves before step F is the learning rate's doing.
 *
 * Zhao et al. 2024, arXiv 2407.07972, section 4; the blocks are those of the authors' code.
 */
export const adalayerRule = defineUpdateRule({
  name: 'adalayer',
  title: 'Adalayer',
  paper: {
    authors: 'Zhao et al.',
    year: 2024,
    title: 'Deconstructing What Makes a Good Optimizer for Language Models',
    source: 'arXiv 2407.07972',
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
    beta2: { default: 0.95, minimum: 0, below: 1, description: 'Decay of the blocks’ second moment' },
    epsilon: {
      default: 1e-15,
      minimum: 0,
      description: 'Added to the square root, which it keeps from zero',
    },
  },
  settings: {
    blocks: {
      default: 'auto' as Blocks,
      description: 'What shares a second moment: auto, tensor, rows or qkv',
      check: (value) => (choices.includes(value) ? undefined : `must be one of ${choices.join(', ')}`),
    },
    freezeSteps: {
      default: 0,
      description: 'Steps that measure the second moment before it is frozen; 0 never freezes it',
      check: (value) =>
        Number.isInteger(value) && (value as number) >= 0
          ? undefined
          : 'must be a whole number of at least 0',
    },
    afterFreeze: {
      default: 'frozen' as AfterFreeze,
      description: 'What the second moment does after freezeSteps: frozen or updating',
      check: (value) =>
        afterFreezeChoices.includes(value) ? undefined : `must be one of ${afterFreezeChoices.join(', ')}`,
    },
  },
  view: ({ parameter, settings }) => blockView(parameter, settings.blocks),
  slots: ({ parameter, settings }) => ({
    momentum: likeParameter,
    secondMoment: { shape: [blockView(parameter, settings.blocks)[0]!, 1] },
  }),
  update({ parameter, gradient, ...slots }, scalars, { settings, constant }) {
    const { learningRate, beta1, beta2, epsilon, step } = scalars;
    const momentum = lerp(gradient, slots.momentum!, beta1);
    const secondMoment = nextSecondMoment(
      mean(square(gradient), [1]),
      slots.secondMoment!,
      { beta2, step },
      settings,
    );
    const stepSize = div(learningRate, sub(1, pow(beta1, step)));
    const correction = settings.freezeSteps === 0 ? sqrt(sub(1, pow(beta2, step))) : 1;
    const rate = div(stepSize, add(div(sqrt(secondMoment), correction), epsilon));
    return {
      parameter: sub(parameter, mul(withoutVanished(rate, secondMoment, constant('epsilon')), momentum)),
      momentum,
      secondMoment,
    };
  },
});
