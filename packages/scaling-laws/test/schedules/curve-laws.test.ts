import { cosine, linearWarmup, warmupStableDecay } from '@steepest/lr-schedules';
import { describe, expect, it } from 'vitest';
import {
  annealingFrom,
  annealingLaw,
  type Law,
  multiPowerFrom,
  multiPowerLaw,
  Table,
} from '../../src/index.ts';
import { restoreFit } from '../../src/laws/all-laws.ts';

const peak = 1e-2;
const schedules = {
  cosine: cosine({ peak, totalSteps: 400, warmupSteps: 40, endFactor: 0.1 }),
  decay: warmupStableDecay({ peak, totalSteps: 400, warmupSteps: 40, decaySteps: 100 }),
  stable: linearWarmup({ peak, warmupSteps: 40 }),
};
const truths = {
  'multi-power': multiPowerFrom({ L0: 3, A: 1.2, alpha: 0.5, B: 30, C: 2, beta: 0.6, gamma: 0.6 }),
  annealing: annealingFrom({ L0: 3, A: 1.2, alpha: 0.5, C: 2, lambda: 0.97 }),
};

/** Runs logged every 8 steps from step `first` on. */
function table(truth: (typeof truths)[keyof typeof truths], first: number): Table {
  return Table.fromRows(
    'runs.csv',
    Object.entries(schedules).flatMap(([run, schedule]) => {
      const rates = Float64Array.from({ length: 400 }, (_, index) => schedule(index + 1));
      const steps = Array.from({ length: 46 }, (_, index) => first + 8 * index);
      const losses = truth.predictCurve(rates, steps);
      return steps.map((step, index) => ({ run, step, lr: schedule(step), loss: losses[index]! }));
    }),
  );
}

describe.each<[keyof typeof truths, Law]>([
  ['multi-power', multiPowerLaw],
  ['annealing', annealingLaw],
])('the %s law on a table of logged steps', (name, law) => {
  const rows = table(truths[name], 40);
  const fit = law.fit(rows, { warmupSteps: 40, heldOut: 'decay', bootstrap: 8 });

  it('is fitted on some runs and checked on those kept out', () => {
    expect(fit.warnings.join()).not.toMatch(/warmupSteps/);
    expect(fit.goodness.points).toBe(92);
    // Straight lines between logged steps miss a curved schedule by little.
    expect(fit.goodness.worstRelativeError).toBeLessThan(2e-3);
    expect(fit.holdOut).toMatchObject({ points: 46, quantity: 'loss' });
    expect(fit.holdOut!.r2).toBeGreaterThan(0.98);
    for (const { interval } of fit.parameters) expect(interval!.low).toBeLessThanOrEqual(interval!.high);
    expect(fit.charts.map(({ kind }) => kind)).toEqual(['fit', 'residuals', 'extrapolation']);
  });

  it('predicts a run, suggests a better schedule, and does both again after JSON', () => {
    const restored = restoreFit(JSON.parse(JSON.stringify(fit)));
    expect(restored.parameters).toEqual(fit.parameters);
    const query = { steps: 400, peak, warmupSteps: 40, decaySteps: 100 };
    const predicted = fit.predict(query);
    const measured = rows
      .where(({ run, step }) => run === 'decay' && step === 400)
      .column('loss')[0] as number;
    expect(predicted.values[0]!.value / measured).toBeCloseTo(1, 2);
    expect(restored.predict(query)).toEqual(predicted);
    const suggested = restored.suggest!({ steps: 400 });
    const expected = Object.fromEntries(suggested.expected.map(({ name, value }) => [name, value]));
    expect(expected.loss).toBeLessThan(expected.lossOfBestCosine!);
    expect(suggested.settings[0]).toMatchObject({ name: 'peak', value: expect.closeTo(peak, 9) });
    expect(fit.predict({ steps: 400, peak: 1 }).warnings[0]).toMatch(
      /had peaks from 0.0100 to 0.0100, not 1/,
    );
  });

  it('asks for the warm-up where the log begins after it', () => {
    expect(law.fit(rows).warnings[0]).toBe(
      'cosine is logged from step 40 on, and its rate was taken to be the same before: if it warmed up, ' +
        'give warmupSteps, as the law counts the warm-up too',
    );
  });

  it('refuses steps of several runs under one name, and runs that are not there', () => {
    const nameless = new Table('runs.csv', {
      step: rows.column('step'),
      lr: rows.column('lr'),
      loss: rows.column('loss'),
    });
    expect(() => law.fit(nameless)).toThrow(
      `${name}: run "run": steps must be whole numbers from 1, each once, got 40 after 40; ` +
        'rows of several runs need a column "run"',
    );
    expect(() => law.fit(rows, { heldOut: 'deacy' })).toThrow(
      `${name}: no run is called "deacy" to keep out of the fit; the runs are cosine, decay, stable`,
    );
    expect(() => law.fit(rows, { holdOut: { fraction: 0.2 } })).toThrow('use heldOut, not holdOut');
  });
});
