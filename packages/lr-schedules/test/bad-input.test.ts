import { describe, expect, it } from 'vitest';
import {
  constant,
  cosine,
  cosineRestarts,
  exponential,
  join,
  linearWarmup,
  oneCycle,
  piecewiseLinear,
  scheduleFromDescription,
  studySchedule,
  warmupStableDecay,
} from '../src/index.ts';

const good = { peak: 1, totalSteps: 10 };
// Options as plain JavaScript may hand them over.
const wrong = (value: unknown): never => value as never;

describe('an option with a wrong value is named with what it must be and what was got', () => {
  it.each<[() => unknown, string]>([
    [
      () => cosine({ ...good, warmupSteps: wrong('5') }),
      'cosine: warmupSteps must be a whole number of at least 0, got "5" (string)',
    ],
    [() => cosine({ ...good, peak: 0 }), 'cosine: peak must be a positive number, got 0'],
    [() => cosine({ ...good, peak: Number.NaN }), 'cosine: peak must be a positive number, got NaN'],
    [
      () => cosine({ ...good, totalSteps: 2.5 }),
      'cosine: totalSteps must be a whole number of at least 1, got 2.5',
    ],
    [
      () => cosine(wrong({ peak: 1 })),
      'cosine: totalSteps must be a whole number of at least 1, got nothing',
    ],
    [() => cosine({ ...good, endFactor: 1.5 }), 'cosine: endFactor must be a number from 0 to 1, got 1.5'],
    [
      () => cosine({ ...good, endFactor: wrong(null) }),
      'cosine: endFactor must be a number from 0 to 1, got null',
    ],
    [() => cosine(wrong(5)), 'cosine: options must be an object, got 5'],
    [() => cosine(wrong(undefined)), 'cosine: options must be an object, got nothing'],
    [() => constant(-1), 'constant: value must be a number of at least 0, got -1'],
    [() => constant(wrong([1])), 'constant: value must be a number of at least 0, got an array'],
    [() => constant(wrong({})), 'constant: value must be a number of at least 0, got an object'],
    [() => constant(wrong(Math.sin)), 'constant: value must be a number of at least 0, got a function'],
    [
      () => exponential({ peak: 1, decayFactor: 2, everySteps: 1 }),
      'exponential: decayFactor must be a number above 0 and at most 1, got 2',
    ],
    [
      () => oneCycle({ ...good, shape: wrong('cos') }),
      'oneCycle: shape must be one of "cosine", "linear", got "cos" (string)',
    ],
    [
      () => linearWarmup({ peak: 1, warmupSteps: 0 }),
      'linearWarmup: warmupSteps must be a whole number of at least 1, got 0',
    ],
  ])('%#', (make, message) => {
    expect(make).toThrow(new Error(message));
  });
});

describe('an unknown option is rejected with the nearest known one', () => {
  it.each([
    ['warmup', 'warmupSteps'],
    ['warmupStep', 'warmupSteps'],
    ['totalsteps', 'totalSteps'],
    ['max', 'peak'],
    ['end', 'endFactor'],
    ['startfactr', 'startFactor'],
    // As PyTorch, Keras, optax and Hugging Face call them.
    ['lr', 'peak'],
    ['learning_rate', 'peak'],
    ['T_max', 'totalSteps'],
    ['total_iters', 'totalSteps'],
    ['num_training_steps', 'totalSteps'],
    ['num_warmup_steps', 'warmupSteps'],
    ['warmup_ratio', 'warmupSteps'],
    ['eta_min', 'endFactor'],
    ['min_lr', 'endFactor'],
    ['alpha', 'endFactor'],
  ])('%s: %s', (typed, meant) => {
    expect(() => cosine({ ...good, [typed]: 1 })).toThrow(
      `cosine: unknown option "${typed}", did you mean "${meant}"? ` +
        'Its options are peak, totalSteps, warmupSteps, startFactor, endFactor',
    );
  });
});

it.each<[(option: string) => unknown, string, string]>([
  [(option) => exponential(wrong({ [option]: 1 })), 'gamma', 'decayFactor'],
  [(option) => exponential(wrong({ [option]: 1 })), 'step_size', 'everySteps'],
  [(option) => cosineRestarts(wrong({ [option]: 1 })), 'T_0', 'firstCycleSteps'],
  [(option) => cosineRestarts(wrong({ [option]: 1 })), 'T_mult', 'cycleFactor'],
  [(option) => cosineRestarts(wrong({ [option]: 1 })), 't_mul', 'cycleFactor'],
  [(option) => cosineRestarts(wrong({ [option]: 1 })), 'm_mul', 'peakDecay'],
  [(option) => oneCycle(wrong({ [option]: 1 })), 'pct_start', 'warmupSteps'],
  [(option) => oneCycle(wrong({ [option]: 1 })), 'max_lr', 'peak'],
  [(option) => oneCycle(wrong({ [option]: 1 })), 'div_factor', 'startFactor'],
  [(option) => oneCycle(wrong({ [option]: 1 })), 'anneal_strategy', 'shape'],
  [(option) => scheduleFromDescription({ type: option }), 'CosineAnnealingLR', 'cosine'],
  [(option) => scheduleFromDescription({ type: option }), 'CosineAnnealingWarmRestarts', 'cosineRestarts'],
  [(option) => scheduleFromDescription({ type: option }), 'OneCycleLR', 'oneCycle'],
  [(option) => scheduleFromDescription({ type: option }), 'StepLR', 'stepDecay'],
  [(option) => scheduleFromDescription({ type: option }), 'wsd', 'warmupStableDecay'],
  [(option) => scheduleFromDescription({ type: option }), 'constant_with_warmup', 'linearWarmup'],
  [(option) => scheduleFromDescription({ type: option }), 'inverse_sqrt', 'inverseSquareRoot'],
  // Names that every object has are no names of ours.
  [(option) => scheduleFromDescription({ type: option }), 'constructor', 'constant'],
])('%#: %s is said to be meant', (make, typed, meant) => {
  expect(() => make(typed)).toThrow(`"${typed}", did you mean "${meant}"?`);
});

describe('steps that do not fit into the run are rejected', () => {
  it.each<[() => unknown, string]>([
    [
      () => cosine({ ...good, warmupSteps: 10 }),
      'cosine: warmupSteps must be less than totalSteps, got warmupSteps 10 of totalSteps 10',
    ],
    [
      () => oneCycle({ ...good, warmupSteps: 10.5 }),
      'oneCycle: warmupSteps must be at most totalSteps, got warmupSteps 10.5 of totalSteps 10',
    ],
    [
      () => oneCycle({ ...good, warmupSteps: -1 }),
      'oneCycle: warmupSteps must be a number of at least 0, got -1',
    ],
    [
      () => cosineRestarts({ peak: 1, firstCycleSteps: 5, cycleFactor: 1.5 }),
      'cosineRestarts: cycleFactor must be a whole number of at least 1, got 1.5',
    ],
    [
      () => warmupStableDecay({ ...good, warmupSteps: 6, decaySteps: 5 }),
      'warmupStableDecay: warmupSteps + decaySteps must be at most totalSteps, got 6 + 5 of 10',
    ],
    [
      () => studySchedule({ ...good, warmupSteps: 6, freezeSteps: 4 }),
      'studySchedule: warmupSteps + freezeSteps must be less than totalSteps, got 6 + 4 of 10',
    ],
  ])('%#', (make, message) => {
    expect(make).toThrow(new Error(message));
  });
});

describe('a malformed join names its part', () => {
  const part = { until: 3, schedule: constant(1) };
  it.each<[unknown, string]>([
    [[], 'join: parts must be a list of at least one { until, schedule }, got an empty array'],
    [part, 'join: parts must be a list of at least one { until, schedule }, got an object'],
    [
      [{ schedule: constant(1) }, part],
      'join: parts[0]: until must be a whole number of at least 1, got nothing',
    ],
    [[part, part], 'join: parts[1].until must be more than 3, where the part before it ends, got 3'],
    [
      [{ until: 3, schedule: () => 1 }],
      'join: parts[0]: schedule must be a schedule of this package, such as constant(1e-3), got a function',
    ],
    [[part, 7], 'join: parts[1]: options must be an object, got 7'],
  ])('%#', (parts, message) => {
    expect(() => join(wrong(parts))).toThrow(new Error(message));
  });
});

describe('a malformed point is named', () => {
  it.each<[unknown, string]>([
    [
      { points: [] },
      'piecewiseLinear: points must be a list of at least one [step, value], got an empty array',
    ],
    [{ points: [[1, 1], 5] }, 'piecewiseLinear: points[1] must be a pair [step, value], got 5'],
    [
      { points: [[0, 1]] },
      'piecewiseLinear: points[0]: the step must be a whole number of more than 0, got 0',
    ],
    [
      {
        points: [
          [4, 1],
          [4, 2],
        ],
      },
      'piecewiseLinear: points[1]: the step must be a whole number of more than 4, got 4',
    ],
    [
      { points: [[1, '2']] },
      'piecewiseLinear: points[0]: the value must be a number of at least 0, got "2" (string)',
    ],
    [{ points: [[1, 0]] }, 'piecewiseLinear: points must have a value above 0, got only zeros'],
  ])('%#', (options, message) => {
    expect(() => piecewiseLinear(wrong(options))).toThrow(new Error(message));
  });
});

describe('a malformed description is explained', () => {
  it.each<[unknown, string]>([
    ['cosine', 'schedule: a description must be an object with a type, got "cosine" (string)'],
    [{ peak: 1 }, 'schedule: type must be one of constant, cosine, '],
    [
      { type: 'cosin' },
      'schedule: unknown type "cosin", did you mean "cosine"? The types are constant, cosine, ',
    ],
    [{ type: 'toString' }, 'schedule: unknown type "toString"'],
    [{ type: 'constant', vale: 1 }, 'constant: unknown option "vale", did you mean "value"?'],
    [{ type: 'join' }, 'join: parts must be a list of { until, schedule }, got nothing'],
    [
      { type: 'join', parts: [{ schedule: { type: 'linear', ...good, peak: -1 } }] },
      'join: parts[0].schedule: linear: peak must be a positive number, got -1',
    ],
    [{ type: 'join', parts: [{ until: 3 }] }, 'join: parts[0]: schedule must be a schedule of this package'],
  ])('%#', (description, message) => {
    expect(() => scheduleFromDescription(description)).toThrow(message);
  });
});
