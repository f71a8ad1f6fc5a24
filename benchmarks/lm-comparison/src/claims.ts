import {
  bestLosses,
  type Comparison,
  type JudgedResults,
  type Judgement,
  judgeComparable,
  judgeComparableWidths,
  judgeLower,
  titleOf,
  unfit,
  widths,
} from './evidence.ts';

/** Something that the study says, and how the results of an experiment speak to it. */
export interface Claim {
  readonly text: string;
  /** Who says so. */
  readonly source: string;
  readonly experiment: string;
  readonly judge: (results: JudgedResults) => Judgement;
}

const wen = '[Wen et al. 2025](https://arxiv.org/abs/2509.02046)';
const semenov = '[Semenov et al. 2025](https://arxiv.org/abs/2509.01440)';

const others = ['adafactor', 'adalayer', 'lion', 'signum'];

const pair = (results: JudgedResults, a: string, b: string): string =>
  `${titleOf(results, a)} vs ${titleOf(results, b)}`;

function losses(results: JudgedResults, a: string, b: string): Comparison {
  return {
    name: pair(results, a, b),
    unfit: unfit(results, [a, b]),
    a: bestLosses(results, a),
    b: bestLosses(results, b),
  };
}

function comparable(pairs: readonly (readonly [string, string])[]) {
  return (results: JudgedResults) => judgeComparable(pairs.map(([a, b]) => losses(results, a, b)));
}

function lower(pairs: readonly (readonly [string, string])[]) {
  return (results: JudgedResults) => judgeLower(pairs.map(([a, b]) => losses(results, a, b)));
}

/** All but SGD may be as far from their best value of a hyperparameter as Adam. */
function equallyStable(key: string, optimizers: readonly string[], adam = 'adam') {
  return (results: JudgedResults) =>
    judgeComparableWidths(
      optimizers.map((name) => ({
        name: `${pair(results, name, adam)}, half-decades`,
        unfit: unfit(results, [name, adam]),
        a: widths(results, name, key),
        b: widths(results, adam, key),
      })),
    );
}

const plain = (name: string) => `${name}-plain`;

/** What Zhao et al. 2024 find of losses at the best learning rate, which two experiments here measure. */
const bestLossClaims: readonly Omit<Claim, 'source' | 'experiment'>[] = [
  {
    text: 'Adam, Adafactor, Adalayer, Lion and Signum reach comparable losses, each at its best learning rate.',
    judge: comparable(others.map((name) => [name, 'adam'])),
  },
  {
    text: 'SGD does worse than all of them.',
    judge: lower(['adam', ...others].map((name) => [name, 'sgd'])),
  },
  {
    text: 'Signum recovers the performance of Adam.',
    judge: comparable([['signum', 'adam']]),
  },
];

/**
 * What Zhao et al. 2024 find, in the wording of its second version where the versions differ: adaptivity on the last layer and on
 * LayerNorm are both necessary. The study quotes no numbers that could be compared; orderings can.
 */
const zhao: readonly Omit<Claim, 'source'>[] = [
  ...bestLossClaims.map((claim) => ({ ...claim, experiment: 'optimizers' })),
  ...bestLossClaims.map((claim) => ({ ...claim, experiment: 'learning-rate' })),
  {
    text: 'Adam, Adafactor, Adalayer, Lion and Signum reach comparable losses without QK-norm and z-loss as well.',
    experiment: 'learning-rate',
    judge: comparable(others.map((name) => [plain(name), plain('adam')])),
  },
  {
    text: 'All but SGD are comparably stable to the learning rate.',
    experiment: 'learning-rate',
    judge: equallyStable('learningRate', others),
  },
  ...(
    [
      ['beta1', 'beta1', 'beta1', others],
      ['beta2', 'beta2', 'beta2', ['adafactor', 'adalayer', 'lion']],
      ['epsilon', 'epsilon', 'epsilon', ['adafactor', 'adalayer']],
      ['weight-decay', 'weightDecay', 'the weight decay', others],
      ['warm-up', 'schedule.warmupFraction', 'the length of the warm-up', others],
      ['batch-size', 'budget.batchSize', 'the batch size at equal tokens', others],
    ] as const
  ).map(([experiment, key, named, optimizers]) => ({
    text: `All but SGD are comparably stable to ${named}.`,
    experiment,
    judge: equallyStable(key, optimizers),
  })),
  {
    text: 'SGD with an adaptive last layer and adaptive norms performs as Adam does.',
    experiment: 'hybrids',
    judge: comparable([
      ['sgd-adalayer-both', 'adam'],
      ['sgd-adafactor-both', 'adam'],
    ]),
  },
  {
    text: 'It needs both: with only the last layer or only the norms adaptive the loss is higher.',
    experiment: 'hybrids',
    judge: lower(
      ['adalayer', 'adafactor'].flatMap((name) =>
        ['head', 'norms'].map((part) => [`sgd-${name}-both`, `sgd-${name}-${part}`] as const),
      ),
    ),
  },
  {
    text: 'An adaptive last layer and adaptive norms also make SGD more stable to its learning rate.',
    experiment: 'hybrids',
    judge: (results) =>
      judgeLower(
        ['sgd-adalayer-both', 'sgd-adafactor-both'].map((name) => ({
          name: `${pair(results, 'sgd', name)}, half-decades`,
          unfit: unfit(results, ['sgd', name]),
          a: widths(results, 'sgd', 'learningRate'),
          b: widths(results, name, 'learningRate'),
        })),
      ),
  },
  {
    text: 'Second moments frozen early, but for the last layer and the norms, do as well as ones that continue.',
    experiment: 'frozen-adalayer',
    judge: comparable([['adalayer-frozen-head-norms', 'adalayer']]),
  },
];

const matrixOptimizers = ['muon', 'soap', 'psgd-kron'];

/** Orderings of comparisons of many optimizers, whose models have 100 million parameters and more and are trained with weight decay. */
const orderings: readonly Claim[] = [
  {
    text: 'Muon, SOAP and PSGD Kron end lower than AdamW.',
    source: wen,
    experiment: 'optimizers',
    judge: lower(matrixOptimizers.map((name) => [name, 'adamw'])),
  },
  {
    text: 'They also end lower than NAdam, MARS and Lion: matrices as preconditioners beat scalars.',
    source: wen,
    experiment: 'optimizers',
    judge: lower(
      matrixOptimizers.flatMap((name) => ['nadam', 'mars', 'lion'].map((scalar) => [name, scalar] as const)),
    ),
  },
  {
    text: 'AdEMAMix ends lower than AdamW.',
    source: semenov,
    experiment: 'optimizers',
    judge: lower([['ademamix', 'adamw']]),
  },
  {
    text: 'With small batches Lion and Signum end higher than AdamW.',
    source: semenov,
    experiment: 'optimizers',
    judge: lower(['lion', 'signum'].map((name) => ['adamw', name])),
  },
];

/** What published comparisons say and results here can speak to. */
export const claims: readonly Claim[] = [
  ...orderings,
  ...zhao.map((claim) => ({ ...claim, source: '[Zhao et al. 2024](https://arxiv.org/abs/2407.07972)' })),
];
