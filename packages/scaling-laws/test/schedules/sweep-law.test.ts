import { describe, expect, it } from 'vitest';
import { findLaw, restoreFit, Table } from '../../src/index.ts';
import { convergenceEscapeFrom } from '../../src/laws/convergence-escape/predictor.ts';
import { describeSchedule } from '../../src/laws/convergence-escape/sweep-rows.ts';

/** Constants of the order that fits of small sweeps find. */
const truth = convergenceEscapeFrom({
  convergence: {
    ...{ E: 2, F: 0.8, A: 0.9, alpha: 0.5, V: 40, b: 1, c: 0.05, edge: 0.2, epsilon: 0.3 },
    ...{ N0: 2e6, B0: 4096 },
  },
  escape: { h: -14, p: 5, q: 2, n: 0.5, lr0: 0.02, N0: 2e6 },
  adaptationSteps: 20,
});
const batchTokens = 4096;

function rowOf(schedule: string, learningRate: number, warmupSteps: number, parameters: number) {
  const row = { parameters, batchTokens, totalSteps: 300, learningRate, schedule, warmupSteps };
  const said = truth.predict({
    schedule: describeSchedule(row, 'test'),
    steps: 300,
    parameters,
    tokens: 300 * batchTokens,
  });
  const diverged = said.divergence >= 0.5;
  return { ...row, loss: diverged ? null : said.loss, status: diverged ? 'diverged' : 'finished' };
}

const peaks = [0.003, 0.006, 0.012, 0.025, 0.05, 0.1, 0.2];
const rows = ['cosine', 'warmupStableDecay', 'constant'].flatMap((schedule) =>
  [5, 30, 80].flatMap((warmup) =>
    [1e6, 4e6].flatMap((size) => peaks.map((peak) => rowOf(schedule, peak, warmup, size))),
  ),
);
const law = findLaw('convergence-escape');
const table = Table.fromRows('sweep.csv', rows);
const fit = law.fit(table, { bootstrap: 0 });
const place = { parameters: 2e6, batchTokens, totalSteps: 300 };
const named = (values: readonly { name: string; value: number }[], name: string) =>
  values.find((own) => own.name === name)!.value;

describe('convergence-escape, from a table of runs', () => {
  it('predicts loss and divergence of schedules that it has not seen', () => {
    expect(rows.filter(({ status }) => status === 'diverged').length).toBeGreaterThan(10);
    expect(fit.goodness.points).toBe(rows.filter(({ status }) => status === 'finished').length);
    for (const [learningRate, warmupSteps] of [
      [0.004, 10],
      [0.02, 50],
      [0.15, 20],
    ] as const) {
      const asked = { ...place, learningRate, warmupSteps };
      const { values } = fit.predict(asked);
      const expected = truth.predict({
        schedule: describeSchedule(asked, 'test'),
        ...{ steps: 300, parameters: 2e6, tokens: 300 * batchTokens },
      });
      // The losses are exact, but for beliefs about the exponents that the fit begins with.
      expect(Math.abs(named(values, 'loss') / expected.loss - 1)).toBeLessThan(0.01);
      expect(named(values, 'divergence') > 0.5).toBe(expected.divergence > 0.5);
    }
  });

  it('suggests a schedule that is safe, and better than a cosine at any peak', () => {
    const { settings, expected, schedule } = fit.suggest!(place);
    expect(named(expected, 'divergence')).toBeLessThanOrEqual(0.05);
    const end = truth.predict({
      schedule: schedule!,
      steps: 300,
      parameters: 2e6,
      tokens: 300 * batchTokens,
    });
    expect(end.divergence).toBeLessThan(0.5);
    for (const learningRate of peaks) {
      const cosine = describeSchedule({ totalSteps: 300, learningRate, warmupSteps: 30 }, 'test');
      const other = truth.predict({
        schedule: cosine,
        ...{ steps: 300, parameters: 2e6, tokens: 300 * batchTokens },
      });
      if (other.divergence < 0.05) expect(end.loss).toBeLessThan(other.loss + 0.005);
    }
    expect(named(settings, 'learningRate')).toBeGreaterThan(0.003);
  });

  it('suggests no rate that may diverge, however low the loss would be', () => {
    const saved = fit.toJSON() as { constants: { convergence: object } };
    // Without an edge and without noise the loss falls with the rate for ever.
    const convergence = { ...saved.constants.convergence, edge: 100, V: 1e-9 };
    const bold = restoreFit({ ...saved, constants: { ...saved.constants, convergence } });
    const { settings, expected } = bold.suggest!(place);
    expect(named(expected, 'divergence')).toBeLessThanOrEqual(0.05);
    const more = { ...place, learningRate: 2 * named(settings, 'learningRate'), warmupSteps: 60 };
    expect(named(bold.predict(more).values, 'loss')).toBeLessThan(named(expected, 'loss'));
    expect(named(bold.predict(more).values, 'divergence')).toBeGreaterThan(0.05);
  });

  it('is the same after JSON, with intervals from resampled runs, and tests itself on the largest runs', () => {
    const bounded = law.fit(table, { bootstrap: 2, holdOut: { fraction: 0.5 } });
    const { holdOut } = bounded;
    expect(holdOut).toMatchObject({ largestFitted: 6 * 1e6 * 300 * batchTokens });
    expect(bounded.parameters[0]!.interval).toBeDefined();
    const again = restoreFit(JSON.parse(JSON.stringify(bounded)));
    const asked = { ...place, learningRate: 0.01 };
    expect(again.predict(asked)).toEqual(bounded.predict(asked));
    expect(again.charts).toEqual(bounded.charts);
    expect(again.charts.map(({ kind }) => kind)).toEqual(['fit', 'residuals', 'extrapolation']);
  });

  it('does not fit more constants than it has runs, and says when the runs are few', () => {
    const some = (count: number) => {
      const finished = rows.filter(({ status }) => status === 'finished');
      const every = Math.floor(finished.length / count);
      return Table.fromRows('sweep.csv', finished.filter((_, index) => index % every === 0).slice(0, count));
    };
    for (const count of [12, 13]) {
      expect(() => law.fit(some(count))).toThrow(
        `convergence-escape: 13 constants cannot be fitted on ${count} runs: at least 14 are needed, and 26 to trust them`,
      );
    }
    const few = law.fit(some(20));
    expect(few.warnings[0]).toBe(
      '13 constants are fitted on 20 runs, which leaves 7 to judge them by: with fewer than 26 do not trust them outside ' +
        'of these runs',
    );
    expect(few.parameters.every(({ interval }) => interval !== undefined)).toBe(true);
    expect(fit.warnings.join()).not.toContain('are fitted on');
  });

  it('warns outside of the peaks and sizes fitted on', () => {
    expect(fit.predict({ ...place, parameters: 1e8, learningRate: 1 }).warnings).toEqual([
      'the runs fitted on had peaks from 0.00300 to 0.200, not 1',
      '1.0e+8 parameters are 25 times the most fitted on',
    ]);
  });

  it('reads a schedule in shares of the run and of the peak, as experiments say it', () => {
    const run = { totalSteps: 200, learningRate: 0.02 };
    const described = (row: object) => describeSchedule({ ...run, ...row }, 'test');
    expect(
      described({ schedule: 'study', warmupFraction: 0.1, startFactor: 0, endFactor: 0.2 }),
    ).toMatchObject({
      ...{
        type: 'studySchedule',
        peak: 0.02,
        warmupSteps: 20,
        totalSteps: 200,
        startFactor: 0,
        endFactor: 0.2,
      },
    });
    expect(
      described({ schedule: 'warmupStableDecay', warmupFraction: 0.05, decayFraction: 0.4 }),
    ).toMatchObject({
      ...{ type: 'warmupStableDecay', warmupSteps: 10, decaySteps: 80 },
    });
    const points = '[[0, 0.1], [0.25, 1], [1, 0]]';
    expect(described({ schedule: 'piecewiseLinear', points })).toMatchObject({
      ...{
        type: 'piecewiseLinear',
        points: [
          [1, 0.002],
          [50, 0.02],
          [200, 0],
        ],
      },
    });
    for (const wrong of [undefined, '', '[]', '[[0, 1], 2]', '[[0, null]]', '{}']) {
      expect(() => described({ schedule: 'piecewiseLinear', points: wrong })).toThrow(
        'test: the points of piecewiseLinear must be [[share of the run, share of the peak], ...], got',
      );
    }
  });

  it.each<[string, (row: (typeof rows)[number], index: number) => object, string]>([
    [
      'a run without a loss that did not diverge',
      (row) => ({ ...row, status: 'finished' }),
      'column loss, row',
    ],
    [
      'an unknown schedule',
      (row) => ({ ...row, schedule: 'cosin' }),
      'there is no schedule "cosin", did you mean "cosine"?',
    ],
    [
      'a warm-up that is no number',
      (row) => ({ ...row, warmupSteps: 'x' }),
      'warmupSteps must be a number of at least 0, got "x"',
    ],
    [
      'too few runs that converged',
      (row, index) => ({ ...row, ...(index > 8 ? { status: 'diverged' } : {}) }),
      'needs at least 10 runs that did not diverge, got',
    ],
    [
      'one peak only',
      (row) => ({ ...row, learningRate: 0.01, loss: 3, status: 'finished' }),
      'column learningRate is constant',
    ],
  ])('refuses %s', (_, change, message) => {
    expect(() => law.fit(Table.fromRows('sweep.csv', rows.map(change) as never))).toThrow(message);
  });
});

describe('a schedule of a row', () => {
  const run = { totalSteps: 100, learningRate: 2 };
  const of = (row: object) => describeSchedule({ ...run, ...row }, 'runs.csv, line 3');

  it('takes steps before shares of the run, and a decay of one step at least', () => {
    expect(of({ schedule: 'linear', warmupSteps: 7, warmupFraction: 0.5, startFactor: 0.5 })).toEqual({
      ...{ type: 'linear', peak: 2, totalSteps: 100, warmupSteps: 7, startFactor: 0.5, endFactor: 0 },
    });
    const stable = { schedule: 'warmupStableDecay', warmupFraction: 0.1 };
    expect(of({ ...stable })).toMatchObject({ warmupSteps: 10, decaySteps: 20 });
    expect(of({ ...stable, decaySteps: 0 })).toMatchObject({ decaySteps: 1 });
    expect(of({ ...stable, decayFraction: 0.001 })).toMatchObject({ decaySteps: 1 });
  });

  it('warms up beyond the end of a run that was cut short, where it is constant', () => {
    expect(of({ schedule: 'constant', warmupSteps: 150 })).toMatchObject({
      ...{ type: 'linearWarmup', peak: 2, warmupSteps: 150 },
    });
  });

  it('does not look at columns that its schedule does not use', () => {
    expect(of({ schedule: 'constant', decayFraction: Number.NaN, endFactor: -1 })).toEqual({
      ...{ type: 'constant', value: 2 },
    });
  });

  it.each([
    [{ warmupSteps: 150 }, 'warmupSteps must be at most the 100 steps of the run, got 150'],
    [
      { schedule: 'warmupStableDecay', decaySteps: 101 },
      'decaySteps must be at most the 100 steps of the run, got 101',
    ],
    [{ warmupFraction: -0.1 }, 'warmupFraction must be a number of at least 0, got -0.1'],
    [
      { warmupSteps: 100 },
      'the schedule "cosine" has 100 steps of warm-up, which leaves nothing of the 100 steps of the run',
    ],
    [{ schedule: 'cosin' }, 'there is no schedule "cosin", did you mean "cosine"?'],
  ])('says which row is wrong: %j', (row, message) => {
    expect(() => of(row)).toThrow(`runs.csv, line 3: ${message}`);
  });
});
