import { describe, expect, it } from 'vitest';
import {
  cosine,
  linear,
  linearWarmup,
  type RunShape,
  runShapeDefaults,
  scheduleOfRun,
  studySchedule,
  unusedRunShapeKey,
  usedRunShape,
  warmupStableDecay,
} from '../src/index.ts';

const run = { peak: 2, totalSteps: 200 };

describe('a schedule in fractions of a run', () => {
  it.each([
    ['study', studySchedule({ ...run, warmupSteps: 20, startFactor: 0.1, endFactor: 0.1 })],
    ['cosine', cosine({ ...run, warmupSteps: 20 })],
    ['linear', linear({ ...run, warmupSteps: 20 })],
    ['warmupStableDecay', warmupStableDecay({ ...run, warmupSteps: 20, decaySteps: 40 })],
  ] as const)('%s warms up over a tenth of the run by default', (type, schedule) => {
    expect(scheduleOfRun({ type }, run).description).toEqual(schedule.description);
  });

  it('constant has no warm-up by default, and rises to the peak with one', () => {
    expect(scheduleOfRun({ type: 'constant' }, run).description).toEqual({ type: 'constant', value: 2 });
    const shape = { type: 'constant', warmupFraction: 0.25, startFactor: 0.5 } as const;
    const schedule = linearWarmup({ peak: 2, warmupSteps: 50, startFactor: 0.5 });
    expect(scheduleOfRun(shape, run).description).toEqual(schedule.description);
    const wholeRun = scheduleOfRun({ type: 'constant', warmupFraction: 1 }, run);
    expect([100, 200].map(wholeRun)).toEqual([1, 2]);
  });

  it.each<RunShape>([
    { type: 'study', warmupFraction: 0, startFactor: 0.3, endFactor: 0.25 },
    { type: 'cosine', warmupFraction: 0, startFactor: 0.3, endFactor: 0.25 },
    { type: 'linear', warmupFraction: 0, startFactor: 0.3, endFactor: 0.25 },
    { type: 'warmupStableDecay', warmupFraction: 0, startFactor: 0.3, endFactor: 0.25 },
  ])('$type takes every fraction that it uses', (shape) => {
    const schedule = scheduleOfRun(shape, run);
    // Without warm-up the first step has the peak, or is the first of the decay of the study; 200 is the last.
    expect(schedule(1)).toBeGreaterThan(1.99);
    expect(schedule(200)).toBe(0.5);
    expect(schedule.description).toMatchObject({ startFactor: 0.3, endFactor: 0.25, warmupSteps: 0 });
  });

  it('rounds to whole steps, and puts corners at step 1 or later', () => {
    const odd = { peak: 1, totalSteps: 15 };
    const { description } = scheduleOfRun(
      { type: 'warmupStableDecay', warmupFraction: 0.1, decayFraction: 0.3 },
      odd,
    );
    // 1.5 and 4.5 steps.
    expect(description).toMatchObject({ warmupSteps: 2, decaySteps: 5 });
    const corners = [
      [0, 0.5],
      [0.1, 1],
      [1, 0],
    ] as const;
    expect(
      scheduleOfRun({ type: 'piecewiseLinear', points: corners }, { peak: 4, totalSteps: 20 }).description
        .points,
    ).toEqual([
      [1, 2],
      [2, 4],
      [20, 0],
    ]);
  });

  it('waits for frozen Adalayer with the schedule of the study, and with no other', () => {
    const schedule = scheduleOfRun({ type: 'study' }, { ...run, freezeSteps: 30 });
    expect([29, 30, 50].map(schedule)).toEqual([0, 0.2, 2]);
    expect(() => scheduleOfRun({ type: 'cosine' }, { ...run, freezeSteps: 1 })).toThrow(
      'freezeSteps needs the schedule "study", which waits for it, not "cosine"',
    );
  });

  it.each<[string, unknown, string]>([
    ['no object', null, 'scheduleOfRun: the shape must be an object with a type, got null'],
    ['a list', [], 'the shape must be an object with a type, got an empty array'],
    [
      'no type',
      {},
      'scheduleOfRun: type must be one of study, cosine, linear, warmupStableDecay, constant, ',
    ],
    [
      'another name',
      { type: 'wsd' },
      'unknown type "wsd", did you mean "warmupStableDecay"? The types are study, ',
    ],
    ['what every object has', { type: 'toString' }, 'unknown type "toString"'],
    [
      'another key',
      { type: 'cosine', warmupRatio: 0.1 },
      'scheduleOfRun: the shape has no key "warmupRatio", did you mean "warmupFraction"?',
    ],
    [
      'a key of another type',
      { type: 'cosine', decayFraction: 0.1 },
      'scheduleOfRun: the shape has decayFraction, which warmupStableDecay uses, but the schedule is "cosine"',
    ],
    [
      'a fraction above 1',
      { type: 'cosine', warmupFraction: 1.5 },
      'the schedule "cosine": warmupFraction must be a number from 0 to 1, got 1.5',
    ],
    [
      'a warm-up that fills the run',
      { type: 'linear', warmupFraction: 0.999 },
      'the schedule "linear" has 200 steps of warm-up, which leaves nothing of the 200 steps of the run',
    ],
    [
      'a decay of no step',
      { type: 'warmupStableDecay', decayFraction: 0.001 },
      'has 20 steps of warm-up and 0 of decay, which must be at least 1 of decay and at most the 200 steps of the run',
    ],
    [
      'a decay that begins in the warm-up',
      { type: 'warmupStableDecay', decayFraction: 0.91 },
      'has 20 steps of warm-up and 182 of decay',
    ],
    ['no points', { type: 'piecewiseLinear' }, 'the schedule "piecewiseLinear" needs points, '],
    ['an empty list of points', { type: 'piecewiseLinear', points: [] }, 'needs points, '],
    [
      'a point that is no pair',
      { type: 'piecewiseLinear', points: [[0, 1], [1]] },
      'points[1] must be [fraction of the steps, fraction of the peak], got [1]',
    ],
    [
      'points in one step',
      {
        type: 'piecewiseLinear',
        points: [
          [0.5, 1],
          [0.501, 0],
        ],
      },
      'has points at 0.5 and 0.501 of its 200 steps, which must come one step or more apart',
    ],
  ])('refuses %s', (_, shape, message) => {
    expect(() => scheduleOfRun(shape as RunShape, run)).toThrow(message);
  });

  it('refuses a run without a peak or steps, and freezing that leaves nothing', () => {
    expect(() => scheduleOfRun({ type: 'cosine' }, { peak: 0, totalSteps: 9 })).toThrow(
      'scheduleOfRun: peak must be a positive number, got 0',
    );
    expect(() => scheduleOfRun({ type: 'cosine' }, { peak: 1, totalSteps: 1.5 })).toThrow('totalSteps');
    expect(() => scheduleOfRun({ type: 'study' }, { ...run, freezeSteps: 180 })).toThrow(
      'has 20 steps of warm-up and 180 of freezeSteps, which leaves nothing of the 200 steps of the run',
    );
  });
});

describe('the keys of a shape', () => {
  it('are left out where its type does not use them', () => {
    const shape = {
      warmupFraction: 0.2,
      decayFraction: 0.3,
      startFactor: 0.4,
      endFactor: 0.5,
      points: [[1, 1]],
    } as const;
    const used = Object.keys(runShapeDefaults).map((type) => {
      const { type: same, ...rest } = usedRunShape({ ...shape, type: type as RunShape['type'] });
      expect(same).toBe(type);
      return [type, Object.keys(rest)];
    });
    expect(Object.fromEntries(used)).toEqual({
      study: ['warmupFraction', 'startFactor', 'endFactor'],
      cosine: ['warmupFraction', 'startFactor', 'endFactor'],
      linear: ['warmupFraction', 'startFactor', 'endFactor'],
      warmupStableDecay: ['warmupFraction', 'decayFraction', 'startFactor', 'endFactor'],
      constant: ['warmupFraction', 'startFactor'],
      piecewiseLinear: ['points'],
    });
  });

  it('are all used, or the first that is not is named with the types that do', () => {
    expect(
      unusedRunShapeKey({ type: 'study', warmupFraction: 0.2, decayFraction: undefined }),
    ).toBeUndefined();
    expect(unusedRunShapeKey({ type: 'piecewiseLinear', warmupFraction: 0.2 })).toBe(
      'has warmupFraction, which study, cosine, linear, warmupStableDecay and constant use, but the schedule is "piecewiseLinear"',
    );
  });
});
