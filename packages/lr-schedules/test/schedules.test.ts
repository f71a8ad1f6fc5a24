import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as schedules from '../src/index.ts';

const {
  constant,
  cosine,
  cosineRestarts,
  exponential,
  inverseSquareRoot,
  join,
  linear,
  linearWarmup,
  oneCycle,
  piecewiseLinear,
  polynomial,
  scheduleFromDescription,
  stepDecay,
  studySchedule,
  warmupStableDecay,
} = schedules;

const examples: Record<string, schedules.Schedule> = {
  constant: constant(0.5),
  cosine: cosine({ peak: 0.5, totalSteps: 100, warmupSteps: 10 }),
  cosineRestarts: cosineRestarts({
    peak: 0.5,
    firstCycleSteps: 20,
    cycleFactor: 2,
    peakDecay: 0.5,
    warmupSteps: 5,
  }),
  exponential: exponential({ peak: 0.5, decayFactor: 0.9, everySteps: 10, warmupSteps: 3 }),
  inverseSquareRoot: inverseSquareRoot({ peak: 0.5, warmupSteps: 10 }),
  join: join([
    { until: 7, schedule: linearWarmup({ peak: 0.25, warmupSteps: 5 }) },
    { until: 50, schedule: cosine({ peak: 0.5, totalSteps: 43 }) },
    { schedule: constant(0.1) },
  ]),
  linear: linear({ peak: 0.5, totalSteps: 100 }),
  linearWarmup: linearWarmup({ peak: 0.5, warmupSteps: 10 }),
  oneCycle: oneCycle({ peak: 0.5, totalSteps: 100 }),
  piecewiseLinear: piecewiseLinear({
    points: [
      [3, 0.25],
      [20, 0.5],
      [60, 0.5],
      [100, 0],
    ],
  }),
  polynomial: polynomial({ peak: 0.5, totalSteps: 100 }),
  stepDecay: stepDecay({ peak: 0.5, decayFactor: 0.5, everySteps: 30 }),
  studySchedule: studySchedule({ peak: 0.5, warmupSteps: 10, totalSteps: 100, freezeSteps: 5 }),
  warmupStableDecay: warmupStableDecay({ peak: 0.5, totalSteps: 100, warmupSteps: 5, decaySteps: 20 }),
};
const steps = Array.from({ length: 130 }, (_, index) => index + 1);

describe('the package', () => {
  it('exports exactly its constructors, scheduleFromDescription and what fits a schedule to a run', () => {
    const ofRuns = ['runShapeDefaults', 'scheduleOfRun', 'unusedRunShapeKey', 'usedRunShape'];
    expect(Object.keys(schedules).sort()).toEqual(
      [...Object.keys(examples), 'ReduceLROnPlateau', 'scheduleFromDescription', ...ofRuns].sort(),
    );
  });

  it('leaves scheduleFromDescription where an optimizer finds it', () => {
    expect((globalThis as Record<symbol, unknown>)[Symbol.for('@steepest/lr-schedules')]).toBe(
      scheduleFromDescription,
    );
  });
});

it('keeps a description from being changed, lists within it included', () => {
  const { description } = examples.piecewiseLinear!;
  expect(() => {
    (description.points as number[][])[0]![1] = 9;
  }).toThrow(TypeError);
});

it('takes undefined for an option that is left out, in types and at run time', () => {
  const settings: {
    warmupSteps?: number | undefined;
    shape?: 'cosine' | undefined;
    factor?: number | undefined;
  } = {};
  const { warmupSteps, shape, factor } = settings;
  const shared = { peak: 1, totalSteps: 9, warmupSteps, startFactor: factor, endFactor: factor };
  const plain = { peak: 1, totalSteps: 9 };
  expect(cosine(shared).description).toEqual(cosine(plain).description);
  expect(polynomial({ ...shared, power: factor }).description).toEqual(polynomial(plain).description);
  expect(oneCycle({ ...shared, shape }).description).toEqual(oneCycle(plain).description);
  expect(
    cosineRestarts({ peak: 1, firstCycleSteps: 9, warmupSteps, cycleFactor: factor, peakDecay: factor })
      .description,
  ).toEqual(cosineRestarts({ peak: 1, firstCycleSteps: 9 }).description);
  expect(warmupStableDecay({ ...shared, decaySteps: 2, shape }).description).toEqual(
    warmupStableDecay({ ...plain, decaySteps: 2 }).description,
  );
  expect(studySchedule({ ...shared, warmupSteps: 2, freezeSteps: factor }).description).toEqual(
    studySchedule({ ...plain, warmupSteps: 2 }).description,
  );
  expect(join([{ until: warmupSteps, schedule: constant(1) }]).description).toEqual(
    join([{ schedule: constant(1) }]).description,
  );
});

describe('the description of a join', () => {
  // Readers of saved options may take an object whose only key is `schedule` for a schedule.
  it('states the end of every part, null for a part without end', () => {
    expect(join([{ until: 1, schedule: constant(1) }, { schedule: constant(2) }]).description).toEqual({
      type: 'join',
      parts: [
        { until: 1, schedule: { type: 'constant', value: 1 } },
        { until: null, schedule: { type: 'constant', value: 2 } },
      ],
    });
  });

  it('may be written with the end of the last part left out', () => {
    const part = { schedule: { type: 'constant', value: 2 } };
    expect(scheduleFromDescription({ type: 'join', parts: [part] })(9)).toBe(2);
  });
});

describe.each(Object.entries(examples))('%s', (type, schedule) => {
  it('names itself in its description', () => {
    expect(schedule.description.type).toBe(type);
  });

  it('is the same after its description went through JSON', () => {
    const revived = scheduleFromDescription(JSON.parse(JSON.stringify(schedule.description)));
    expect(revived.description).toEqual(schedule.description);
    expect(revived.peak).toBe(schedule.peak);
    expect(steps.map(revived)).toEqual(steps.map(schedule));
  });

  it('reaches its peak, and never exceeds it or falls below 0', () => {
    const values = steps.map((step) => schedule(step));
    expect(Math.max(...values)).toBe(schedule.peak);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('rejects step %s', (step) => {
    expect(() => schedule(step)).toThrow(
      `${type}: step must be a whole number of at least 1 (steps count from 1), got ${step}`,
    );
  });
});

describe('values by hand', () => {
  it('warm-up of W steps gives 1/W of the peak at step 1 and the peak at step W', () => {
    expect([1, 2, 3, 4, 5].map(linearWarmup({ peak: 1, warmupSteps: 4 }))).toEqual([0.25, 0.5, 0.75, 1, 1]);
  });

  it.each([
    ['cosine', cosine],
    ['linear', linear],
    ['polynomial', polynomial],
  ])('%s without warm-up starts at the peak, ends at totalSteps and stays', (_, make) => {
    const schedule = make({ peak: 2, totalSteps: 9, endFactor: 0.25 });
    expect([1, 9, 10, 1000].map(schedule)).toEqual([2, 0.5, 0.5, 0.5]);
    expect(make({ peak: 2, totalSteps: 1 })(1)).toBe(2);
  });

  it('cosine is half way down in the middle of the decay', () => {
    expect(cosine({ peak: 1, totalSteps: 30, warmupSteps: 10, endFactor: 0.2 })(20)).toBeCloseTo(0.6, 15);
  });

  it('cosine with a tenth at both ends is the schedule of Zhao et al., bit for bit', () => {
    const options = { peak: 3.16e-3, warmupSteps: 13, totalSteps: 130, startFactor: 0.1, endFactor: 0.1 };
    expect(steps.map(cosine(options))).toEqual(steps.map(studySchedule(options)));
  });

  it('warm-up, stable and decay meet at their steps', () => {
    for (const shape of ['linear', 'cosine', 'squareRoot'] as const) {
      const schedule = warmupStableDecay({ peak: 1, totalSteps: 20, warmupSteps: 4, decaySteps: 8, shape });
      expect([2, 4, 12, 20, 21].map(schedule)).toEqual([0.5, 1, 1, 0, 0]);
      expect(schedule(13)).toBeLessThan(1);
      expect(warmupStableDecay({ peak: 1, totalSteps: 5, decaySteps: 5, shape })(1)).toBe(1);
    }
  });

  it('inverse square root halves the rate when the steps are four times as many', () => {
    const schedule = inverseSquareRoot({ peak: 1, warmupSteps: 100 });
    expect([50, 100, 400, 1600].map(schedule)).toEqual([0.5, 1, 0.5, 0.25]);
  });

  it('decays count from the end of the warm-up', () => {
    const options = { peak: 8, decayFactor: 0.5, everySteps: 2, warmupSteps: 4 };
    expect([2, 4, 5, 6, 7, 8].map(stepDecay(options))).toEqual([4, 8, 8, 4, 4, 2]);
    expect([2, 4, 6, 8].map(exponential(options))).toEqual([4, 8, 4, 2]);
  });

  it('one-cycle rises from 1/25 over 30% of the steps by default, to a peak that may lie between two steps', () => {
    const whole = oneCycle({ peak: 1, totalSteps: 100 });
    expect(whole.description.warmupSteps).toBe(30);
    expect([1, 30, 100, 101].map(whole)).toEqual([0.04, 1, 4e-6, 4e-6]);
    const between = oneCycle({ peak: 1, totalSteps: 7, shape: 'linear', startFactor: 0, endFactor: 0 });
    // The peak lies at 2.1: step 2 is 1 of 1.1 steps up, step 3 is 0.9 of 4.9 steps down.
    expect(between(2)).toBeCloseTo(1 / 1.1, 15);
    expect(between(3)).toBeCloseTo(1 - 0.9 / 4.9, 15);
  });

  it('a one-cycle without a rise falls from the start, one without a fall ends at the peak', () => {
    const options = { peak: 1, totalSteps: 4, shape: 'linear', startFactor: 0, endFactor: 0 } as const;
    expect([1, 2, 3, 4, 5].map(oneCycle({ ...options, warmupSteps: 0 }))).toEqual([0.75, 0.5, 0.25, 0, 0]);
    expect([1, 2, 3, 4, 5].map(oneCycle({ ...options, totalSteps: 5, warmupSteps: 1 }))).toEqual([
      1, 0.75, 0.5, 0.25, 0,
    ]);
    expect([1, 4, 5].map(oneCycle({ ...options, warmupSteps: 4 }))).toEqual([0, 1, 1]);
    expect([1, 2].map(oneCycle({ peak: 1, totalSteps: 1 }))).toEqual([4e-6, 4e-6]);
  });

  it('restarts come at the whole steps at which cycles end, however late', () => {
    const schedule = cosineRestarts({ peak: 1, firstCycleSteps: 3, cycleFactor: 3, endFactor: 0.25 });
    let first = 1;
    for (let length = 3; first + length < Number.MAX_SAFE_INTEGER; length *= 3) {
      expect(schedule(first)).toBe(1);
      if (length > 3) expect(schedule(first - 1)).toBeLessThan(0.75);
      first += length;
    }
    expect(cosineRestarts({ peak: 1, firstCycleSteps: 7 })(7 * 10 ** 12 + 1)).toBe(1);
    expect(cosineRestarts({ peak: 1, firstCycleSteps: 1 })(10 ** 9)).toBe(1);
  });

  it('the tops of restarts fall by a factor, down to the end and no further', () => {
    const schedule = cosineRestarts({ peak: 8, firstCycleSteps: 2, peakDecay: 0.5, endFactor: 0.125 });
    expect([1, 3, 5, 7, 8, 9, 2001].map(schedule)).toEqual([8, 4, 2, 1, 1, 1, 1]);
    expect(schedule(2)).toBeCloseTo(4.5, 14);
  });

  it('straight lines meet at their points, and the first and last value hold outside', () => {
    const schedule = piecewiseLinear({
      points: [
        [3, 1],
        [7, 3],
        [9, 0.5],
      ],
    });
    expect([1, 3, 4, 5, 7, 8, 9, 10, 99].map(schedule)).toEqual([1, 1, 1.5, 2, 3, 1.75, 0.5, 0.5, 0.5]);
    expect(piecewiseLinear({ points: [[5, 2]] })(1)).toBe(2);
  });

  it('straight lines between the corners of a linear schedule with warm-up are that schedule', () => {
    const options = { peak: 2, totalSteps: 90, warmupSteps: 10, endFactor: 0.25 };
    const corners = [1, 10, 90].map((step): [number, number] => [step, linear(options)(step)]);
    const table = steps.map((step): [number, number] => [step, linear(options)(step)]);
    expect(steps.map(piecewiseLinear({ points: table }))).toEqual(steps.map(linear(options)));
    for (const step of steps) {
      // The two formulas round differently.
      expect(piecewiseLinear({ points: corners })(step)).toBeCloseTo(linear(options)(step), 14);
    }
  });

  it('a join restarts the count in each part and keeps the last value after the end', () => {
    const ramp = linearWarmup({ peak: 1, warmupSteps: 4 });
    const schedule = join([
      { until: 2, schedule: ramp },
      { until: 5, schedule: ramp },
    ]);
    expect([1, 2, 3, 4, 5, 6, 99].map(schedule)).toEqual([0.25, 0.5, 0.25, 0.5, 0.75, 0.75, 0.75]);
  });

  it('any warm-up and length give a rise up to the peak and a fall after it', () => {
    const lengths = fc.integer({ min: 1, max: 60 }).chain((totalSteps) =>
      fc.record({
        totalSteps: fc.constant(totalSteps),
        warmupSteps: fc.integer({ min: 0, max: totalSteps - 1 }),
      }),
    );
    fc.assert(
      fc.property(lengths, ({ totalSteps, warmupSteps }) => {
        for (const make of [cosine, linear, polynomial, oneCycle, studySchedule]) {
          const schedule = make({ peak: 1, totalSteps, warmupSteps });
          const values = Array.from({ length: totalSteps + 2 }, (_, index) => schedule(index + 1));
          const top = Math.max(warmupSteps, 1);
          for (let step = 2; step < values.length; step++) {
            const rise = values[step - 1]! - values[step - 2]!;
            expect(step <= top ? rise : -rise).toBeGreaterThanOrEqual(0);
          }
        }
      }),
    );
  });
});
