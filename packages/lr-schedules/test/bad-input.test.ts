import { describe, expect, it } from 'vitest';
import {
  constant,
  cosine,
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
  ])('%s: %s', (typed, meant) => {
    expect(() => cosine({ ...good, [typed]: 1 })).toThrow(
      `cosine: unknown option "${typed}", did you mean "${meant}"? ` +
        'Its options are peak, totalSteps, warmupSteps, startFactor, endFactor',
    );
  });
});

describe('steps that do not fit into the run are rejected', () => {
  it.each<[() => unknown, string]>([
    [
      () => cosine({ ...good, warmupSteps: 10 }),
      'cosine: warmupSteps must be less than totalSteps, got warmupSteps 10 of totalSteps 10',
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
