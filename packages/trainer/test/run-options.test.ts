import { describe, expect, it } from 'vitest';
import { checkOptions, type TrainOptions } from '../src/options.ts';

/** The least that a run needs. */
const least = {
  model: { variables: [{}] },
  optimizer: {},
  data: {},
  steps: 20,
  store: { open: () => {} },
  evaluation: { sequences: 6 },
};
const checked = (options: object) => checkOptions({ ...least, ...options } as unknown as TrainOptions);

/** An optimizer that estimates curvature, with hyperparameters. */
const curved = (values: object = {}): object => ({
  describe: () => ({ title: 'Curved', capabilities: { refresh: true } }),
  applyRefresh: () => {},
  hyperparametersAt: () => [
    { group: 'curved groups[0]', values: {} },
    { group: 'curved', values },
  ],
});
const predicting = { variables: [{}], logits: () => {} };

describe('the defaults of a run', () => {
  it('are those that its documentation says', () => {
    expect(checked({})).toEqual({
      settings: {
        steps: 20,
        // From 1 to 20 by a constant factor, 20^(1/8) = 1.454, rounded: 1, 1.45, 2.1, 3.1, 4.5, 6.5, 9.5, 13.8.
        evaluation: { points: [0, 1, 2, 3, 4, 7, 9, 14, 20], sequences: 6 },
        log: { every: 10 },
        divergence: { factor: 2, window: 10 },
      },
      checkpoint: { every: 100, keep: 1 },
    });
  });

  it('hold for what is left out of an option', () => {
    const { settings, checkpoint } = checked({
      model: predicting,
      optimizer: curved(),
      refresh: { every: 3 },
      skipSpikes: {},
      divergence: { factor: 1.5 },
      checkpoint: { every: 7 },
    });
    expect(settings).toMatchObject({
      refresh: { every: 3, seed: 0 },
      skipSpikes: { deviations: 6, window: 128 },
      divergence: { factor: 1.5, window: 10 },
    });
    expect(checkpoint).toEqual({ every: 7, keep: 1 });
    expect(checked({ divergence: { window: 3 } }).settings.divergence).toEqual({ factor: 2, window: 3 });
  });

  it('leave out what is off, since a resume compares settings', () => {
    for (const name of ['phases', 'countsFlops', 'refresh', 'skipSpikes', 'controllers']) {
      expect(checked({}).settings).not.toHaveProperty(name);
    }
    expect(checked({ flopsPerToken: (length: number) => length }).settings.countsFlops).toBe(true);
    expect(checked({ controllers: { b: {}, a: {} } }).settings.controllers).toEqual(['a', 'b']);
  });
});

describe('options are taken at the edges of their ranges', () => {
  it.each<object>([
    { steps: 1 },
    { log: { every: 1 }, checkpoint: { every: 1, keep: 1 } },
    { divergence: { factor: 1.0000001, window: 1 } },
    { skipSpikes: { deviations: 1e-9, window: 20 } },
    { evaluation: { every: 1, sequences: 1 } },
    { evaluation: { points: 2, sequences: 1 } },
    { evaluation: { points: [0, 20], sequences: 1 } },
    { evaluation: { points: [], sequences: 1 } },
    { extend: false, record: 'layers', config: {}, controllers: {} },
    { signal: AbortSignal.abort(), flopsPerToken: () => 1 },
    {
      onWarning: () => {},
      onProgress: () => {},
      onMetrics: () => {},
      shouldStop: () => undefined,
      threads: () => 1,
    },
    { model: predicting, optimizer: curved({ batchTokens: 1 }), refresh: { every: 1, seed: 2 ** 32 - 1 } },
  ])('%j', (options) => {
    expect(() => checked(options)).not.toThrow();
  });
});

describe('steps of evaluations', () => {
  const points = (evaluation: object, steps = 20) =>
    checked({ steps, evaluation: { sequences: 6, ...evaluation } }).settings.evaluation.points;

  it('are multiples, the beginning and the end', () => {
    expect(points({ every: 8 })).toEqual([0, 8, 16, 20]);
    expect(points({ every: 5 })).toEqual([0, 5, 10, 15, 20]);
    expect(points({ every: 30 })).toEqual([0, 20]);
  });

  it('are those that are listed, once each and in order, the beginning and the end', () => {
    expect(points({ points: [7, 3, 7] })).toEqual([0, 3, 7, 20]);
    expect(points({ points: [20, 11, 0, 9, 100 / 10] })).toEqual([0, 9, 10, 11, 20]);
  });

  it('are as many as asked for, where the run is long enough', () => {
    // From 256 / 256 to 256 in two factors of 16.
    expect(points({ points: 4 }, 256)).toEqual([0, 1, 16, 256]);
    expect(points({ points: 2 }, 256)).toEqual([0, 256]);
  });
});

describe('a wrong option is named', () => {
  const whole = (name: string, least = 1): string =>
    `${name} must be a whole number of at least ${least}, got`;
  const anything = { every: 1, sequences: 1 };

  it.each<[object, string]>([
    [{ model: undefined }, 'model must be an object, got undefined'],
    [{ optimizer: 'adam' }, 'optimizer must be an object, got "adam" (string)'],
    [{ data: [] }, 'data must be an object, got '],
    [{ model: {} }, 'model.variables must hold the variables to train, but it is empty'],
    [{ store: 7 }, 'store must be an object, got 7'],
    [{ config: [1] }, 'config must be an object, got 1'],
    [{ extend: 1 }, 'extend must be true or false, got 1'],
    [{ onProgress: true }, 'onProgress must be a function, got true'],
    [{ shouldStop: {} }, 'shouldStop must be a function, got [object Object]'],
    [{ threads: 2 }, 'threads must be a function, got 2'],
    [{ record: 'norms' }, 'record must be "layers" or left out, got "norms" (string)'],
    [{ flopsPerToken: 6 }, 'flopsPerToken must be a function of the context length, got 6'],
    [{ steps: 2 ** 53 }, `${whole('steps')} 9007199254740992`],
    [{ log: { every: 0 } }, `${whole('log.every')} 0`],
    [{ log: { evry: 1, every: 1 } }, 'unknown option "log.evry"; did you mean "log.every"?'],
    [{ checkpoint: { every: 1, keep: 0 } }, `${whole('checkpoint.keep')} 0`],
    [
      { checkpoint: { every: 1, kep: 1 } },
      'unknown option "checkpoint.kep"; did you mean "checkpoint.keep"?',
    ],
    [{ divergence: { facter: 1 } }, 'unknown option "divergence.facter"; did you mean "divergence.factor"?'],
    [{ divergence: { window: 0 } }, `${whole('divergence.window')} 0`],
    [{ divergence: { factor: Infinity } }, 'divergence.factor must be a number greater than 1, got Infinity'],
    [{ divergence: { factor: '3' } }, 'divergence.factor must be a number greater than 1, got "3" (string)'],
    [{ skipSpikes: { windw: 20 } }, 'unknown option "skipSpikes.windw"; did you mean "skipSpikes.window"?'],
    [{ skipSpikes: { window: 19 } }, `${whole('skipSpikes.window', 20)} 19`],
    [
      { skipSpikes: { deviations: Infinity } },
      'skipSpikes.deviations must be a number greater than 0, got Infinity',
    ],
    [{ skipSpikes: true }, 'skipSpikes must be an object, got true'],
    [{ evaluation: { sequences: 0 } }, `${whole('evaluation.sequences')} 0`],
    [{ evaluation: { ...anything, every: 0 } }, `${whole('evaluation.every')} 0`],
    [{ evaluation: { points: 1, sequences: 1 } }, `${whole('evaluation.points', 2)} 1`],
    [
      { evaluation: { points: [-1], sequences: 1 } },
      'evaluation.points[0] must be a whole number from 0 to 20 (steps), got -1',
    ],
    [
      { evaluation: { points: [1, 2.5], sequences: 1 } },
      'evaluation.points[1] must be a whole number from 0 to 20 (steps), got 2.5',
    ],
    [{ onMetrics: 'log' }, 'onMetrics must be a function, got "log" (string)'],
    [{ onWarning: [] }, 'onWarning must be a function, got '],
    [{ store: { read: 1, remove: 2 } }, 'it has no function open: its keys are read, remove'],
    [{ Directory: 'runs/1' }, 'unknown option "Directory"; did you mean "directory"?'],
    [{ controllers: { plateau: null } }, 'controllers.plateau must be an object, got null'],
    ...(['2', { length: 2 }, Number.NaN, null] as const).map((points): [object, string] => [
      { evaluation: { points, sequences: 1 } },
      'evaluation.points must be ',
    ]),
    [{ learningRate: 1 }, 'unknown option "learningRate"; did you mean '],
    [{ phase: [] }, 'unknown option "phase"; did you mean "phases"?'],
  ])('%j', (options, message) => {
    expect(() => checked(options)).toThrow(message);
  });

  it('of the whole, too', () => {
    expect(() => checkOptions(null as never)).toThrow('options must be an object, got null');
    expect(() => checked({ evaluation: null })).toThrow('evaluation must be an object, got null');
  });
});

describe('refreshes', () => {
  it.each<[object, string]>([
    [
      { optimizer: curved() },
      'Curved estimates curvature from refreshes, without which it trains as another optimizer: give train refresh: { every: 10 }',
    ],
    [
      { optimizer: {}, refresh: { every: 1 } },
      'refresh is for optimizers that estimate curvature, such as Sophia, but this one does not: leave refresh out',
    ],
    [
      { optimizer: { describe: () => ({ title: 'Plain', capabilities: {} }) }, refresh: { every: 1 } },
      'refresh is for optimizers that estimate curvature, such as Sophia, but Plain does not: leave refresh out',
    ],
    [
      { optimizer: { ...curved(), applyRefresh: undefined }, refresh: { every: 1 } },
      'but Curved does not: leave',
    ],
    [
      { optimizer: curved(), refresh: { every: 1 } },
      'refresh needs model.logits(tokens), from which labels are drawn',
    ],
    [
      { optimizer: curved({ batchTokens: 480 }), refresh: { every: 1 } },
      'refresh multiplies by the predictions of a batch itself, so batchTokens must be 1, but curved has 480: leave batchTokens out',
    ],
    [
      { optimizer: curved(), refresh: { every: 0 } },
      'refresh.every must be a whole number of at least 1, got 0',
    ],
    [
      { optimizer: curved(), refresh: { evry: 1 } },
      'unknown option "refresh.evry"; did you mean "refresh.every"?',
    ],
    ...[-1, 2 ** 32, 0.5].map((seed): [object, string] => [
      { optimizer: curved(), refresh: { every: 1, seed } },
      `refresh.seed must be a whole number from 0 to 4294967295, got ${seed}`,
    ]),
  ])('%o are refused', (options, message) => {
    expect(() => checked(options)).toThrow(message);
  });

  it('are no matter of an optimizer that does not say its hyperparameters', () => {
    const silent = { ...curved(), hyperparametersAt: undefined };
    expect(
      checked({ model: predicting, optimizer: silent, refresh: { every: 2, seed: 5 } }).settings.refresh,
    ).toEqual({
      every: 2,
      seed: 5,
    });
  });
});

describe('phases', () => {
  const phase = (fromStep: number, contextLength = 4, batchSize = 2) => ({
    fromStep,
    contextLength,
    batchSize,
  });

  it('begin at 0 and one after another before the end', () => {
    const phases = [phase(0), phase(1, 1, 1), phase(19, 8)];
    expect(checked({ phases }).settings.phases).toEqual(phases);
  });

  it.each<[unknown, string]>([
    ['long', 'phases must be a list of { fromStep, contextLength, batchSize }, got "long" (string)'],
    [[phase(0), 3], 'phases[1] must be an object, got 3'],
    [
      [phase(0), phase(20)],
      'must be after the 0 of the phase before and before the 20 steps of the run, got 20',
    ],
    [[phase(0), phase(0)], 'phases[1].fromStep must be after the 0 of the phase before'],
    [[phase(0), phase(5), phase(5)], 'phases[2].fromStep must be after the 5 of the phase before'],
    [[phase(0), phase(5, 0)], 'phases[1].contextLength must be a whole number of at least 1, got 0'],
    [[phase(0, 4, 0)], 'phases[0].batchSize must be a whole number of at least 1, got 0'],
    [
      [{ ...phase(0), fromStep: undefined }],
      'phases[0].fromStep must be 0, where the run begins, got undefined',
    ],
  ])('%j are refused', (phases, message) => {
    expect(() => checked({ phases })).toThrow(message);
  });
});
