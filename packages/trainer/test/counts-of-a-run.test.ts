import { describe, expect, it } from 'vitest';
import { comparesAsLonger, learningRateInForce, requireSameRates } from '../src/continuation.ts';
import { type Counters, initialCounters, keepDuration } from '../src/counters.ts';
import { divergenceReason } from '../src/divergence.ts';
import { logSpacedSteps, summarizeLosses, textBytesOf } from '../src/evaluation.ts';
import { phaseAfter, requireShape, tokensOfSteps } from '../src/phases.ts';
import { pushRecent } from '../src/recent.ts';
import type { RunSettings } from '../src/run-settings.ts';
import { isSpike } from '../src/spikes.ts';
import { median, summarize } from '../src/summary.ts';

const settings: RunSettings = {
  steps: 20,
  evaluation: { points: [0, 20], sequences: 6 },
  log: { every: 10 },
  divergence: { factor: 2, window: 10 },
};

describe('phases', () => {
  const phases = [
    { fromStep: 0, contextLength: 4, batchSize: 8 },
    { fromStep: 3, contextLength: 16, batchSize: 2 },
    { fromStep: 5, contextLength: 32, batchSize: 1 },
  ];

  it('hold from the step after their first', () => {
    expect([0, 2, 3, 4, 5, 99].map((taken) => phases.indexOf(phaseAfter(phases, taken)!))).toEqual([
      0, 0, 1, 1, 2, 2,
    ]);
    expect(phaseAfter(undefined, 3)).toBeUndefined();
  });

  it('give the tokens of any steps', () => {
    // 32 tokens in every step.
    expect(tokensOfSteps(phases, 0, 7)).toBe(7 * 32);
    expect(tokensOfSteps(phases, 2, 6)).toBe(4 * 32);
    expect(tokensOfSteps(phases, 4, 4)).toBe(0);
    const uneven = [phases[0]!, { fromStep: 3, contextLength: 10, batchSize: 10 }];
    expect(tokensOfSteps(uneven, 0, 2)).toBe(2 * 32);
    expect(tokensOfSteps(uneven, 1, 5)).toBe(2 * 32 + 2 * 100);
    expect(tokensOfSteps(uneven, 4, 6)).toBe(2 * 100);
  });

  it('take batches of their shape only', () => {
    const batch = (batchSize: number, sequenceLength: number) => ({
      tokens: new Int32Array(),
      batchSize,
      sequenceLength,
    });
    expect(() => requireShape(batch(2, 17), phases[1]!)).not.toThrow();
    for (const [size, length] of [
      [3, 17],
      [2, 16],
    ] as const) {
      expect(() => requireShape(batch(size, length), phases[1]!)).toThrow(
        `phases ask for batches of 2 sequences of 17 tokens from step 3 on, but data.train.next gave ${size} of ${length}`,
      );
    }
  });
});

describe('durations', () => {
  const counters = (): Counters => initialCounters(settings);
  const step = (milliseconds: number) => ({ step: milliseconds, optimizer: milliseconds / 2 });

  it('are kept of the steps on the fewest threads, the last thousand', () => {
    const known = counters();
    for (let i = 0; i < 1003; i++) keepDuration(known, step(i), undefined);
    expect(known.milliseconds.step).toHaveLength(1000);
    expect([known.milliseconds.step[0], known.milliseconds.optimizer[0]]).toEqual([3, 1.5]);
    expect(known.threads).toBeUndefined();
  });

  it('begin anew on fewer threads', () => {
    const known = counters();
    keepDuration(known, step(10), 4);
    keepDuration(known, step(11), 8);
    expect([known.threads, known.milliseconds.step]).toEqual([{ least: 4, most: 8 }, [10]]);
    keepDuration(known, step(20), 2);
    keepDuration(known, step(21), 2);
    keepDuration(known, step(12), 4);
    expect(known).toMatchObject({
      threads: { least: 2, most: 8 },
      milliseconds: { step: [20, 21], optimizer: [10, 10.5] },
    });
  });

  it('are a list that forgets its oldest', () => {
    const list = [1, 2];
    pushRecent(list, 3, 3);
    expect(list).toEqual([1, 2, 3]);
    pushRecent(list, 4, 3);
    expect(list).toEqual([2, 3, 4]);
  });

  it.each([
    [[], null],
    [[3], 3],
    [[3, 1], 2],
    [[10, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    // Numbers, not texts.
    [[9, 10, 100], 10],
  ])('%j have the median %s', (values, right) => {
    const before = [...values];
    expect(median(values)).toBe(right);
    expect(values).toEqual(before);
  });
});

describe('the counters of a run', () => {
  it('have what its options count', () => {
    expect(initialCounters(settings)).toEqual({
      step: 0,
      tokens: 0,
      seconds: 0,
      loss: { sum: 0, count: 0 },
      firstLoss: null,
      recentLosses: [],
      trainLoss: null,
      evaluation: null,
      stateBytes: 0,
      milliseconds: { step: [], optimizer: [] },
    });
    const all = initialCounters({
      ...settings,
      countsFlops: true,
      skipSpikes: { deviations: 6, window: 128 },
    });
    expect(all).toMatchObject({ flops: 0, spikes: { losses: [], gradientNorms: [], skipped: 0 } });
  });

  const variables = [{ size: 30 }, { size: 10 }] as never;
  const counted: Counters = {
    ...initialCounters(settings),
    step: 20,
    tokens: 640,
    seconds: 4,
    trainLoss: 2.5,
    evaluation: { step: 20, loss: 2.25, initialLoss: 4, bestLoss: 2, bitsPerByte: 1.5 },
    stateBytes: 320,
    milliseconds: { step: [3, 1, 2], optimizer: [0.5] },
  };

  it('are summed up', () => {
    expect(summarize('finished', counted, variables)).toEqual({
      status: 'finished',
      steps: 20,
      tokens: 640,
      finalTrainLoss: 2.5,
      finalValidationLoss: 2.25,
      finalBitsPerByte: 1.5,
      bestValidationLoss: 2,
      initialValidationLoss: 4,
      tokensPerSecond: 160,
      millisecondsPerStep: 2,
      optimizerMillisecondsPerStep: 0.5,
      stateBytesPerParameter: 8,
      parameters: 40,
      seconds: 4,
    });
  });

  it('have no final losses where the run has not come to its end', () => {
    const last = (status: 'diverged' | 'stopped' | 'interrupted' | 'failed') => {
      const { finalTrainLoss, finalValidationLoss, finalBitsPerByte, reason } = summarize(
        status,
        counted,
        variables,
        'why',
      );
      return [finalTrainLoss, finalValidationLoss, finalBitsPerByte, reason];
    };
    expect(last('diverged')).toEqual([null, null, null, 'why']);
    expect(last('stopped')).toEqual([2.5, null, null, 'why']);
    expect(last('interrupted')).toEqual([2.5, 2.25, 1.5, 'why']);
    expect(last('failed')).toEqual([2.5, 2.25, 1.5, 'why']);
  });

  it('are summed up before the first step, and with all that may be counted', () => {
    const nothing = summarize('interrupted', initialCounters(settings), variables);
    expect(nothing).toMatchObject({
      finalTrainLoss: null,
      finalValidationLoss: null,
      bestValidationLoss: null,
      initialValidationLoss: null,
      tokensPerSecond: null,
      millisecondsPerStep: null,
    });
    for (const key of ['reason', 'flops', 'skippedSpikes', 'finalBitsPerByte', 'threads']) {
      expect(nothing).not.toHaveProperty(key);
    }
    const spikes = { losses: [], gradientNorms: [], skipped: 3 };
    const all = { ...counted, flops: 7, spikes, threads: { least: 1, most: 2 } };
    expect(summarize('finished', all, variables)).toMatchObject({
      flops: 7,
      skippedSpikes: 3,
      threads: { least: 1, most: 2 },
    });
  });
});

describe('a run has diverged', () => {
  const reason = (crossEntropy: number, total: number, recent: number[]) =>
    divergenceReason(7, { crossEntropy, total }, 3, recent, { factor: 2, window: 3 });

  it('where a loss is no finite number', () => {
    expect(reason(Number.NaN, 1, [])).toBe('the training loss became NaN at step 7');
    expect(reason(1, Infinity, [])).toBe('the training loss became Infinity at step 7');
    expect(reason(1, 1, [])).toBeUndefined();
  });

  it('where the mean of as many losses as the window has is above the factor times the first', () => {
    expect(reason(1, 1, [100, 100])).toBeUndefined();
    expect(reason(1, 1, [6, 6, 6])).toBeUndefined();
    expect(reason(1, 1, [5, 6, 7.003])).toBe(
      'the training loss averaged 6.001 over the 3 steps up to step 7, more than 2 times the 3.000 of the first step',
    );
  });
});

describe('a spike', () => {
  const limits = { deviations: 1, window: 40 };
  const alternating = (length: number) => Array.from({ length }, (_, i) => i % 2);

  it('may be the twentieth step of a short window, and of a long one that after half of it', () => {
    const spikeAfter = (count: number, window: number) => {
      const counters = { losses: alternating(count), gradientNorms: alternating(count), skipped: 0 };
      return isSpike(counters, 100, 0, { deviations: 1, window });
    };
    expect([spikeAfter(18, 20), spikeAfter(19, 20)]).toEqual([false, true]);
    expect([spikeAfter(48, 101), spikeAfter(49, 101)]).toEqual([false, true]);
  });

  it('is noted like any other step, but for a norm that is no number', () => {
    const counters = { losses: alternating(30), gradientNorms: alternating(30), skipped: 4 };
    expect(isSpike(counters, 100, 7, limits)).toBe(true);
    expect([counters.losses.at(-1), counters.gradientNorms.at(-1), counters.skipped]).toEqual([100, 7, 5]);
    expect(isSpike(counters, 0, Infinity, limits)).toBe(true);
    expect([counters.losses.at(-1), counters.gradientNorms.at(-1), counters.skipped]).toEqual([0, 7, 6]);
    expect(isSpike(counters, 0, 0, limits)).toBe(false);
    expect([counters.losses.length, counters.gradientNorms.length, counters.skipped]).toEqual([33, 32, 6]);
  });

  it('is none of a single number before it', () => {
    const counters = { losses: alternating(30), gradientNorms: [1], skipped: 0 };
    expect(isSpike(counters, 0, 1e9, limits)).toBe(false);
    expect(isSpike(counters, 0, 1e12, limits)).toBe(true);
  });
});

describe('losses', () => {
  it('are summed up by token and by byte', () => {
    expect(summarizeLosses(6, 4, 3)).toEqual({
      loss: 1.5,
      perplexity: Math.exp(1.5),
      // Nats to bits, by three bytes.
      bitsPerByte: 6 / Math.log(2) / 3,
      tokens: 4,
      textBytes: 3,
    });
    expect(summarizeLosses(6, 4, null)).toMatchObject({ bitsPerByte: null, textBytes: null });
    expect(summarizeLosses(6, 4, 0)).toMatchObject({ bitsPerByte: null, textBytes: 0 });
    expect(() => summarizeLosses(0, 0, 0)).toThrow('cannot evaluate: the validation batches hold no tokens');
  });

  it('stand for the bytes of all rows, if each says so', () => {
    const batch = (textBytes?: number[]) => ({
      tokens: new Int32Array(),
      batchSize: 1,
      sequenceLength: 2,
      ...(textBytes === undefined ? {} : { textBytes: Float64Array.from(textBytes) }),
    });
    expect(textBytesOf([batch([1, 2]), batch([4])])).toBe(7);
    expect(textBytesOf([batch([1, 2]), batch()])).toBeNull();
    expect(textBytesOf([])).toBe(0);
  });

  it('are asked for at steps a constant factor apart', () => {
    // From 1024 / 256 = 4 to 1024 in four factors of 4.
    expect(logSpacedSteps(1024, 6)).toEqual([0, 4, 16, 64, 256, 1024]);
    expect(logSpacedSteps(16, 4)).toEqual([0, 1, 4, 16]);
    expect(logSpacedSteps(1, 2)).toEqual([0, 1]);
    for (const count of [1, 2.5]) {
      expect(() => logSpacedSteps(10, count)).toThrow(
        `count must be a whole number of at least 2, got ${count}`,
      );
    }
  });
});

describe('a run that is to be longer', () => {
  const file = 'trainer.json';

  it('is told from the same run and from another', () => {
    expect(comparesAsLonger(file, settings, settings)).toBe(false);
    const longer = { ...settings, steps: 30, evaluation: { points: [0, 30], sequences: 6 } };
    expect(comparesAsLonger(file, settings, longer)).toBe(true);
    expect(() => comparesAsLonger(file, longer, settings)).toThrow(
      'trainer.json holds a run of 30 steps, and 20 are asked for: a run can be made longer, not shorter; use another folder',
    );
    expect(() => comparesAsLonger(file, settings, { ...longer, log: { every: 3 } })).toThrow(
      'log.every is 10 there and 3',
    );
    expect(() =>
      comparesAsLonger(file, settings, { ...longer, evaluation: { points: [], sequences: 7 } }),
    ).toThrow('evaluation.sequences is 6 there and 7');
    for (const container of ['folder', 'store'] as const) {
      for (const wanted of [
        settings,
        { ...longer, log: { every: 3 } },
        { ...longer, evaluation: settings.evaluation },
      ]) {
        expect(() => comparesAsLonger(file, longer, wanted, container)).toThrow(`use another ${container}`);
      }
    }
    const points = { ...settings, evaluation: { points: [0, 5, 20], sequences: 6 } };
    expect(() => comparesAsLonger(file, settings, points)).toThrow('evaluation.points[1] is 20 there and 5');
  });

  const optimizer = (rate: (step: number) => number | undefined, iterations: number | undefined = 20) =>
    ({
      iterations,
      hyperparametersAt: (step: number) => [
        { group: 'a', target: { member: 0, group: 0 }, values: { learningRate: 99 } },
        { group: 'rest', target: { member: 0 }, values: { learningRate: rate(step) } },
      ],
    }) as never;

  it('has the learning rate of the last step, of the parameters in no group', () => {
    expect(learningRateInForce(optimizer((step) => step / 10))).toBe(2);
    expect(learningRateInForce(optimizer((step) => step / 10, 0))).toBe(0.1);
    expect(
      learningRateInForce({
        hyperparametersAt: (step: number) => [{ values: { learningRate: step } }],
      } as never),
    ).toBe(1);
    expect(learningRateInForce(optimizer(() => undefined))).toBeNull();
    expect(learningRateInForce({} as never)).toBeNull();
  });

  it('continues one whose rates were the same', () => {
    const steps = { taken: 20, before: 20, wanted: 30 };
    const line = (step: number, learningRate: number | null) =>
      ({ kind: 'train', step, tokens: 0, loss: 1, learningRate, gradientNorm: null, seconds: 0 }) as const;
    const evaluation = { kind: 'evaluation', step: 5, tokens: 0, loss: 1, seconds: 0 } as const;
    const tenth = (step: number) => step / 10;
    const lines = [evaluation, line(1, 0.1), line(10, 1)];
    expect(() => requireSameRates(optimizer(tenth), lines, steps)).not.toThrow();
    const head = 'the run had 20 steps and is to have 30, but ';
    expect(() => requireSameRates(optimizer(tenth), [...lines, line(12, 1)], steps)).toThrow(
      `${head}its learning rate at step 12 was 1 and would be 1.2: the schedule depends on the number of steps; pass extend: true`,
    );
    const unknown = `${head}whether its learning rates so far would be the same cannot be known; pass extend: true`;
    expect(() => requireSameRates(optimizer(tenth), [line(1, null)], steps)).toThrow(unknown);
    expect(() => requireSameRates({ iterations: 20 } as never, [line(1, 0.1)], steps)).toThrow(unknown);
    // Accumulation, or skipped steps: the optimizer counts otherwise.
    expect(() => requireSameRates(optimizer(tenth, 10), [line(1, 0.1)], steps)).toThrow(unknown);
    expect(() => requireSameRates(optimizer(tenth, 10), [evaluation], steps)).not.toThrow();
    for (const [container, given] of [
      ['folder', []],
      ['store', ['store']],
    ] as const) {
      for (const line of [lines[1]!, { ...lines[1]!, learningRate: null }]) {
        expect(() =>
          requireSameRates(
            optimizer(() => 7),
            [line as never],
            steps,
            ...given,
          ),
        ).toThrow(new RegExp(`; pass extend: true to continue all the same, or use another ${container}$`));
      }
    }
  });
});
