import { fileURLToPath } from 'node:url';
import { experimentsIn, readExperiment } from '@steepest/experiments';
import type { TrialResult } from '@steepest/run-report';
import { describe, expect, it } from 'vitest';
import { claims } from '../src/claims.ts';
import {
  bestLosses,
  judgeComparable,
  judgeComparableWidths,
  judgeLower,
  unfit,
  widths,
} from '../src/evidence.ts';
import { studyExperiments } from '../src/sections.ts';

const experiments = fileURLToPath(new URL('../experiments/', import.meta.url));

const bySeed = (losses: readonly number[]) => new Map(losses.map((loss, index) => [index + 1, loss]));
const pair = (a: readonly number[], b: readonly number[]) => [
  { name: 'a and b', a: bySeed(a), b: bySeed(b) },
];
/** Losses of three seeds about `loss`, which differ by more than what `own` they do not share with other optimizers. */
const around = (loss: number, own = 0) => [loss - 0.1 - own, loss + 0.1 + 2 * own, loss - own];

const unmeasured = {
  ...{ steps: null, tokens: null, parameters: null, seconds: null, tokensPerSecond: null },
  ...{ bestValidationLoss: null, finalTrainLoss: null, stateBytesPerParameter: null },
  ...{ millisecondsPerStep: null, optimizerMillisecondsPerStep: null },
  ...{ flopsPerToken: null, vocabularySize: null, blockParameters: null, resolved: null },
  curve: { train: [], validation: [] },
};

function trial(
  optimizer: string,
  learningRate: number,
  seed: number,
  loss: number | 'diverged',
): TrialResult {
  return {
    ...unmeasured,
    id: `${optimizer}-${learningRate}-${seed}`,
    optimizer,
    settings: { learningRate },
    variation: {},
    seed,
    status: loss === 'diverged' ? 'diverged' : 'finished',
    finalValidationLoss: loss === 'diverged' ? null : loss,
    initialValidationLoss: 9,
  };
}

describe('the rule of a claim', () => {
  it('calls a loss lower only where the seeds show it', () => {
    expect(judgeLower(pair(around(5, 0.004), around(5.1))).verdict).toBe('supported');
    expect(judgeLower(pair(around(5.1), around(5, 0.004))).verdict).toBe('contradicted');
    expect(judgeLower(pair(around(5, 0.004), around(5.001))).verdict).toBe('undecided');
    expect(judgeLower(pair([5], [6])).verdict).toBe('undecided');
    expect(judgeLower(pair([], [])).verdict).toBe('not run');
  });

  it('calls losses comparable only within the margin, and apart only beyond it', () => {
    expect(judgeComparable(pair(around(5, 0.004), around(5.01))).verdict).toBe('supported');
    expect(judgeComparable(pair(around(5.01), around(5, 0.004))).verdict).toBe('supported');
    expect(judgeComparable(pair(around(5, 0.004), around(5.1))).verdict).toBe('contradicted');
    expect(judgeComparable(pair(around(5.1), around(5, 0.004))).verdict).toBe('contradicted');
    // On the margin's edge, and where the seeds scatter too much to say.
    expect(judgeComparable(pair(around(5, 0.004), around(5.05))).verdict).toBe('undecided');
    expect(judgeComparable(pair(around(5, 0.05), around(5))).verdict).toBe('undecided');
  });

  it('calls widths comparable within a half-decade, and where both reach the ends of their list', () => {
    expect(judgeComparableWidths(pair([2, 2.1, 2.2], [2.5, 2.7, 2.6])).verdict).toBe('supported');
    expect(judgeComparableWidths(pair([2, 2.1, 2.2], [4, 4.2, 4.1])).verdict).toBe('contradicted');
    expect(judgeComparableWidths(pair([20, 20, 20], [20, 20, 20])).verdict).toBe('supported');
    expect(judgeComparableWidths(pair([20], [20])).verdict).toBe('undecided');
    // Of losses, that is a copy.
    expect(judgeComparable(pair([5, 5.1, 5.2], [5, 5.1, 5.2])).verdict).toBe('undecided');
  });

  it('needs every comparison to support a claim and one to contradict it', () => {
    const good = pair(around(5, 0.004), around(5.1));
    expect(judgeLower([...good, ...pair(around(5, 0.004), around(5.001))]).verdict).toBe('undecided');
    expect(judgeLower([...good, ...pair(around(5.2, 0.004), around(5))]).verdict).toBe('contradicted');
    expect(judgeLower([...good, ...pair(around(5), [])]).verdict).toBe('undecided');
    expect(judgeLower([...good, ...pair(around(5.2, 0.004), around(5))]).evidence).toMatch(
      /supported<br>.*\(\+0\.200 .*contradicted$/,
    );
    expect(judgeLower(good).evidence).toBe('a and b: 5.000 vs 5.100 (-0.100 ± 0.004; 3 seeds), supported');
  });

  it('judges nothing on an optimizer at the edge of its grid, or that is not a language model', () => {
    const trials = [1, 2].flatMap((seed) => [trial('adam', 1, seed, 3), trial('sgd', 1, seed, 4)]);
    const edges = [{ key: 'learningRate', end: 'highest' as const, value: 1 }];
    const optimizers = [
      { name: 'adam', title: 'Adam', edges: [{ key: 'beta1', end: 'lowest' as const, value: 0.8 }] },
      { name: 'sgd', title: 'SGD', edges },
    ];
    expect(unfit({ trials }, ['adam', 'sgd'])).toBeUndefined();
    expect(unfit({ trials, optimizers }, ['adam', 'sgd'])).toBe(
      'the best learning rate of SGD is the highest tried',
    );
    expect(unfit({ trials, optimizers }, ['adam'])).toBeUndefined();
    const baselines = { unigram: 5, bigram: 4.2, trigram: 3.5, trainTokens: 1, validationTokens: 1 };
    expect(unfit({ trials, baselines }, ['adam'])).toBeUndefined();
    expect(unfit({ trials, baselines }, ['sgd'])).toBe('sgd did not end 0.3 nats below the bigram (4.200)');
    const [one] = pair(around(5, 0.004), around(5.1));
    expect(judgeLower([{ ...one!, unfit: 'it is at an edge' }])).toEqual({
      verdict: 'undecided',
      evidence: 'a and b: it is at an edge, undecided',
    });
  });

  it('compares the seeds that both have', () => {
    const [ours] = pair(around(5, 0.004), []);
    const other = { ...ours!, b: new Map([...bySeed([5, 5.2, 5.1]), [4, 9]]) };
    expect(judgeLower([other]).evidence).toBe('a and b: 5.000 vs 5.100 (-0.100 ± 0.004; 3 seeds), supported');
  });
});

describe('the numbers of a claim', () => {
  const trials = [
    ...[1, 2].map((seed) => trial('adam', 1, seed, 5 + seed / 100)),
    ...[1, 2].map((seed) => trial('adam', 2, seed, seed === 1 ? 4 : 'diverged')),
    ...[1, 2].map((seed) => trial('adam', 3, seed, 6)),
  ];

  it('are those of the best setting that no seed diverged at', () => {
    expect(bestLosses({ trials }, 'adam')).toEqual(
      new Map([
        [1, 5.01],
        [2, 5.02],
      ]),
    );
    expect(bestLosses({ trials }, 'sgd').size).toBe(0);
  });

  it('are those of the seeds that confirm the setting, which have no part in choosing it', () => {
    const confirming = (rate: number, seed: number, loss: number | 'diverged'): TrialResult => ({
      ...trial('adam', rate, seed, loss),
      confirmation: true,
    });
    const trials = [
      trial('adam', 1e-3, 1, 5),
      trial('adam', 1e-2, 1, 5.1),
      confirming(1e-3, 2, 5.3),
      confirming(1e-3, 3, 'diverged'),
      confirming(1e-2, 2, 4),
    ];
    // One that diverged counts with the loss it began with.
    expect(bestLosses({ trials }, 'adam')).toEqual(
      new Map([
        [2, 5.3],
        [3, 9],
      ]),
    );
    expect([...widths({ trials }, 'adam', 'learningRate').keys()]).toEqual([1]);
  });

  it('measure stability by the width within 0.05 nats of the best, of each seed, in half-decades', () => {
    const losses = (seed: number, ...own: (number | 'diverged')[]) =>
      own.map((loss, index) => trial('adam', 10 ** (index - 3), seed, loss));
    const trials = [
      // Half of the way to 0.1 more on either side: a decade in all.
      ...losses(1, 5.1, 5, 5.1),
      // A quarter of the way on the one side; what diverged is the other.
      ...losses(2, 5.2, 5, 'diverged'),
      { ...trial('adam', 1, 1, 1), confirmation: true as const },
    ];
    const found = widths({ trials }, 'adam', 'learningRate');
    expect([...found.keys()]).toEqual([1, 2]);
    expect(found.get(1)).toBeCloseTo(2, 12);
    expect(found.get(2)).toBeCloseTo(0.5, 12);
    // Of a beta it is the distance from 1 that counts: from 0.9 to 0.99 it is a decade.
    const betas = [0.9, 0.99].map((beta1) => ({
      ...trial('lion', 1, 1, 5),
      settings: { learningRate: 1, beta1 },
    }));
    expect(widths({ trials: betas }, 'lion', 'beta1').get(1)).toBeCloseTo(2, 12);
  });
});

describe('the claims', () => {
  it('asks only for optimizers that its experiments have', async () => {
    const files = await experimentsIn(experiments);
    const swept = ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay'].concat(
      ...['schedule.warmupFraction', 'budget.batchSize'],
    );
    for (const { experiment, judge } of claims) {
      const { optimizers } = await readExperiment(files.get(experiment)!);
      // Every optimizer clearly better than the one before leaves no comparison without its losses.
      const trials = Object.keys(optimizers).flatMap((name, index) =>
        [1, 2, 3].flatMap((seed) =>
          [1, 2].map((rate) => ({
            ...trial(name, rate, seed, 5 + index + rate + seed / 1000),
            settings: Object.fromEntries(swept.map((key) => [key, rate / 10])),
          })),
        ),
      );
      expect(judge({ trials }).evidence).not.toContain('no losses');
      expect(judge({ trials }).evidence).not.toBe('');
    }
    for (const name of studyExperiments) expect(files.has(name)).toBe(true);
  });
});
