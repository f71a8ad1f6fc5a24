import {
  bestLosses,
  type Comparison,
  type JudgedTrial,
  type Judgement,
  judgeComparable,
  judgeComparableWidths,
  judgeLower,
  widths,
} from './evidence.ts';

type Judged = { readonly trials: readonly JudgedTrial[] };

/** Something that the study says, and how the results of an experiment speak to it. */
export interface Claim {
  readonly text: string;
  readonly experiment: string;
  readonly judge: (results: Judged) => Judgement;
}

const others = ['adafactor', 'adalayer', 'lion', 'signum'];

function losses(results: Judged, a: string, b: string): Comparison {
  return { name: `${a} and ${b}`, a: bestLosses(results, a), b: bestLosses(results, b) };
}

function comparable(pairs: readonly (readonly [string, string])[]) {
  return (results: Judged) => judgeComparable(pairs.map(([a, b]) => losses(results, a, b)));
}

function lower(pairs: readonly (readonly [string, string])[]) {
  return (results: Judged) => judgeLower(pairs.map(([a, b]) => losses(results, a, b)));
}

/** All but SGD may be as far from their best value of a hyperparameter as Adam. */
function equallyStable(key: string, optimizers: readonly string[], adam = 'adam') {
  return (results: Judged) =>
    judgeComparableWidths(
      optimizers.map((name) => ({
        name: `${name} and ${adam}, half-decades`,
        a: widths(results, name, key),
        b: widths(results, adam, key),
      })),
    );
}

const plain = (name: string) => `${name}-plain`;

/**
 * What Zhao et al. 2024 (arXiv 2407.07972) find, in the wording of its second version where the versions differ: adaptivity on
 * the last layer and on LayerNorm are both necessary. The study quotes no numbers that could be compared; orderings can.
 */
export const claims: readonly Claim[] = [
  {
    text: 'Adam, Adafactor, Adalayer, Lion and Signum reach comparable losses, each at its best learning rate.',
    experiment: 'learning-rate',
    judge: comparable(others.map((name) => [name, 'adam'])),
  },
  {
    text: 'They do so without QK-norm and z-loss as well.',
    experiment: 'learning-rate',
    judge: comparable(others.map((name) => [plain(name), plain('adam')])),
  },
  {
    text: 'SGD does worse than all of them.',
    experiment: 'learning-rate',
    judge: lower(['adam', ...others].map((name) => [name, 'sgd'])),
  },
  {
    text: 'Signum recovers the performance of Adam.',
    experiment: 'learning-rate',
    judge: comparable([['signum', 'adam']]),
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
          name: `sgd and ${name}, half-decades`,
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
