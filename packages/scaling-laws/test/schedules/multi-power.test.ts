import { linearWarmup, warmupStableDecay } from '@steepest/lr-schedules';
import { describe, expect, it } from 'vitest';
import {
  goodnessOf,
  type LossCurve,
  type MultiPowerParameters,
  multiPowerFrom,
  multiPowerLaw,
} from '../../src/index.ts';
import { rateChanges } from '../../src/laws/multi-power/rate-changes.ts';
import {
  fittedNames,
  hasPublishedCurves,
  heldOutNames,
  publishedConstants,
  publishedCurve,
} from './published-curves.ts';

const constants = publishedConstants[25];

/** The sum over every step, as it stands in the paper. */
function lossByDefinition(
  { L0, A, alpha, B, C, beta, gamma }: MultiPowerParameters,
  rates: ArrayLike<number>,
  step: number,
): number {
  const sums = [0];
  for (let k = 1; k <= step; k++) sums.push(sums[k - 1]! + rates[k - 1]!);
  let effect = 0;
  for (let k = 1; k <= step; k++) {
    const [rate, before] = [rates[k - 1]!, k === 1 ? 0 : rates[k - 2]!];
    effect += (rate - before) * (1 - (1 + C * rate ** -gamma * (sums[step]! - sums[k - 1]!)) ** -beta);
  }
  return L0 + A * sums[step]! ** -alpha + B * effect;
}

function ratesOf(schedule: (step: number) => number, steps: number): Float64Array {
  return Float64Array.from({ length: steps }, (_, index) => schedule(index + 1));
}

const peak = 3e-4;
const schedules: Record<string, (step: number) => number> = {
  cosine: (step) =>
    step < 300 ? (peak * step) / 300 : peak * (0.55 + 0.45 * Math.cos((Math.PI * (step - 300)) / 3700)),
  'warm-up, constant and decay': warmupStableDecay({
    peak,
    totalSteps: 4000,
    warmupSteps: 300,
    decaySteps: 800,
    endFactor: 0.05,
  }),
  staircase: (step) => peak * 0.7 ** Math.floor(step / 500),
  'up and down': (step) => peak * (1.1 + Math.sin(step / 90)),
  'no two steps alike': (step) => peak * (0.5 + ((step * 7919) % 1000) / 1000),
};

describe('the multi-power law', () => {
  it.each(Object.entries(schedules))('predicts %s as the sum over every step does', (_, schedule) => {
    const rates = ratesOf(schedule, 4000);
    const steps = [1, 2, 17, 299, 300, 301, 1234, 3201, 4000];
    for (const some of [constants, { ...constants, C: 0.3, beta: 0.2, gamma: 1.1 }]) {
      const losses = multiPowerFrom(some).predictCurve(rates, steps);
      steps.forEach((step, index) => {
        // Distant steps are taken together, with an error below 1e-8.
        expect(Math.abs(losses[index]! - lossByDefinition(some, rates, step))).toBeLessThan(1e-8);
      });
      expect(multiPowerFrom(some).finalLoss(rates)).toBeCloseTo(lossByDefinition(some, rates, 4000), 12);
    }
  });

  it('sees a run of 72,000 steps through fewer than 400 terms a point', () => {
    const cosine = (step: number) =>
      peak * (step < 2160 ? step / 2160 : 0.55 + 0.45 * Math.cos((Math.PI * (step - 2160)) / 69_840));
    const steps = Array.from({ length: 50 }, (_, index) => 72_000 - index * 1400);
    const terms = rateChanges(ratesOf(cosine, 72_000), steps).map(({ weights }) => weights.length);
    expect(terms.reduce((sum, count) => sum + count, 0)).toBeLessThan(50 * 400);
  });

  it('does not lower the loss by rates of 0 until the run continues, and then by the whole fall', () => {
    const stopped = [...Array(50).fill(peak), 0, 0, 0];
    const law = multiPowerFrom(constants);
    expect(law.finalLoss(stopped)).toBeCloseTo(law.finalLoss(stopped.slice(0, 50)), 12);
    expect(law.predictCurve(stopped, [53])[0]).toBeCloseTo(law.finalLoss(stopped.slice(0, 50)), 12);
    const resumed = [...stopped, peak];
    const tiny = resumed.map((rate) => rate || 1e-40);
    expect(law.predictCurve(resumed, [54])[0]).toBeCloseTo(lossByDefinition(constants, tiny, 54), 9);
  });

  it('says how the final loss changes with the rate of each step', () => {
    const rates = ratesOf(schedules.cosine!, 400).map((rate) => rate + 1e-5);
    const gradient = new Float64Array(400);
    const law = multiPowerFrom(constants);
    law.finalLoss(rates, gradient);
    for (const index of [0, 1, 150, 299, 300, 398, 399]) {
      const at = (change: number) => law.finalLoss(rates.with(index, rates[index]! + change));
      const numerical = (at(1e-8) - at(-1e-8)) / 2e-8;
      // Central differences of a loss of 4 are exact to about 1e-7 of this slope.
      expect(gradient[index]! / numerical).toBeCloseTo(1, 5);
    }
  });

  it('is found again from curves that follow it', () => {
    const truth = { L0: 2.5, A: 0.6, alpha: 0.45, B: 300, C: 1.5, beta: 0.5, gamma: 0.55 };
    const curves = synthetic(truth, ['cosine', 'warm-up, constant and decay', 'staircase']);
    const fit = multiPowerLaw.fit(curves, { typicalExponents: 0 });
    expect(fit.goodness.worstRelativeError).toBeLessThan(2e-5);
    // The curves have no noise, but the search ends where they differ by less than a tenth of delta.
    expect(fit.constants.L0).toBeCloseTo(truth.L0, 2);
    expect(fit.constants.alpha).toBeCloseTo(truth.alpha, 2);
    expect(fit.constants.beta).toBeCloseTo(truth.beta, 1);
    expect(fit.constants.gamma).toBeCloseTo(truth.gamma, 1);
    expect(fit.peaks!.to).toBeCloseTo(peak, 12);
    const [heldOut] = synthetic(truth, ['up and down']);
    expect(fit.check([heldOut!])['up and down']!.worstRelativeError).toBeLessThan(1e-4);
  });

  it('holds beta and gamma near 0.6 where the curves do not determine them, and says so', () => {
    const truth = { L0: 2.5, A: 0.6, alpha: 0.45, B: 300, C: 1.5, beta: 0.6, gamma: 0.6 };
    const constantRate = synthetic(truth, ['constant']);
    const fit = multiPowerLaw.fit(constantRate);
    expect(fit.constants.beta).toBeCloseTo(0.6, 1);
    expect(fit.constants.gamma).toBeCloseTo(0.6, 1);
    expect(fit.warnings.join()).toMatch(/cannot tell|poorly determined/);
  });

  function synthetic(truth: MultiPowerParameters, names: string[]): LossCurve[] {
    const steps = Array.from({ length: 60 }, (_, index) => 350 + index * 61);
    return names.map((name) => {
      const rates = ratesOf(schedules[name] ?? linearWarmup({ peak, warmupSteps: 300 }), 4000);
      return { name, rates, steps, losses: Array.from(multiPowerFrom(truth).predictCurve(rates, steps)) };
    });
  }
});

describe.skipIf(!hasPublishedCurves)('the published curves (needs ../shared/data/laws)', () => {
  // R2 and mean absolute error of the published constants, as the description of the data has them.
  const published: readonly [25 | 100 | 400, string, number, number][] = [
    [25, 'cosine_24000', 0.9985, 0.0044],
    [25, 'constant_24000', 0.9987, 0.0038],
    [25, 'wsdcon_9', 0.9995, 0.0029],
    [25, 'cosine_72000', 0.9966, 0.0074],
    [25, 'constant_72000', 0.9998, 0.0016],
    [25, 'wsd_20000_24000', 0.9992, 0.0034],
    [25, 'wsdld_20000_24000', 0.9994, 0.0031],
    [25, 'wsdcon_3', 0.9983, 0.0045],
    [25, 'wsdcon_18', 0.9996, 0.0025],
    [100, 'cosine_24000', 0.9993, 0.0033],
    [100, 'constant_24000', 0.9998, 0.0018],
    [100, 'wsdcon_9', 0.9986, 0.0049],
    [100, 'cosine_72000', 0.997, 0.0073],
    [100, 'constant_72000', 0.998, 0.0048],
    [100, 'wsd_20000_24000', 0.9987, 0.0037],
    [100, 'wsdld_20000_24000', 0.999, 0.0032],
    [100, 'wsdcon_3', 0.9973, 0.0057],
    [100, 'wsdcon_18', 0.9999, 0.0014],
    [400, 'cosine_24000', 0.9978, 0.0071],
    [400, 'constant_24000', 0.9998, 0.0017],
    [400, 'wsdcon_9', 0.9976, 0.0067],
  ];

  it.each(published)(
    '%i million, %s: R2 %f and error %f with the published constants',
    (millions, name, r2, error) => {
      const curve = publishedCurve(millions, name);
      expect(curve.rateError).toBeLessThan(1e-7);
      const predicted = multiPowerFrom(publishedConstants[millions]).predictCurve(curve.rates, curve.steps);
      const goodness = goodnessOf(curve.losses, predicted);
      // Both are given with four decimals.
      expect(Math.abs(goodness.r2 - r2)).toBeLessThanOrEqual(0.50001e-4);
      expect(Math.abs(goodness.meanAbsoluteError - error)).toBeLessThanOrEqual(0.50001e-4);
    },
  );

  it('are predicted from three others of their size about as well as with the published constants', () => {
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    // Published for the six held-out curves: mean R2, mean absolute error, mean of the worst relative errors.
    const quality = { 25: [0.9988, 0.0038, 0.0041], 100: [0.9983, 0.0044, 0.0058] } as const;
    for (const millions of [25, 100] as const) {
      const fit = multiPowerLaw.fit(
        fittedNames.map((name) => publishedCurve(millions, name)),
        { follow: 1 },
      );
      const heldOut = Object.values(fit.check(heldOutNames.map((name) => publishedCurve(millions, name))));
      const [r2, error, worst] = quality[millions];
      expect(fit.goodness.r2).toBeGreaterThan(0.999);
      // At 25M one of the six, the long cosine, is predicted less well than with the published constants (R2 0.993
      // against 0.9966), although these fit the three curves with twice the objective.
      const slack = millions === 25 ? { r2: 6e-4, error: 4e-4 } : { r2: 5e-5, error: 0 };
      expect(mean(heldOut.map((goodness) => goodness.r2))).toBeGreaterThan(r2 - slack.r2);
      expect(mean(heldOut.map((goodness) => goodness.meanAbsoluteError))).toBeLessThan(error + slack.error);
      expect(mean(heldOut.map((goodness) => goodness.worstRelativeError))).toBeLessThan(worst);
    }
  });
});

describe('unusable curves are refused with what is wrong', () => {
  const good: LossCurve = {
    name: 'run',
    rates: Array(20).fill(1e-3),
    steps: [1, 2, 3, 4, 5, 6, 7, 8],
    losses: Array(8).fill(3),
  };
  it.each<[LossCurve[], string]>([
    [[], 'multi-power: curves must be a list of at least one loss curve, got an empty array'],
    [
      [{ ...good, losses: [3] }],
      'multi-power: curve "run": has 8 steps and 1 losses; needs one loss per step',
    ],
    [
      [{ ...good, steps: [1, 2, 2, 4, 5, 6, 7, 8] }],
      'multi-power: curve "run": steps must be whole numbers that ascend from 1 to at most 20, the number of rates, got 2 after 2',
    ],
    [
      [{ ...good, steps: [1, 2, 3, 4, 5, 6, 7, 21] }],
      'multi-power: curve "run": steps must be whole numbers that ascend from 1 to at most 20, the number of rates, got 21 after 7',
    ],
    [
      [{ ...good, losses: [3, 3, Number.NaN, 3, 3, 3, 3, 3] }],
      'multi-power: curve "run": the loss at step 3 must be a positive number, got NaN',
    ],
    [
      [{ ...good, rates: [1e-3, -1e-3, ...Array(18).fill(1e-3)] }],
      'multi-power: curve "run": the learning rate at step 2 must be a number of at least 0, got -0.001',
    ],
    [
      [{ ...good, rates: Array(20).fill(0) }],
      'multi-power: curve "run": needs a learning rate above 0 at some of its 20 steps',
    ],
    [
      [{ ...good, steps: [1, 2], losses: [3, 3] }],
      'multi-power: has 7 constants, which 2 points of loss cannot determine',
    ],
  ])('%#', (curves, message) => {
    expect(() => multiPowerLaw.fit(curves)).toThrow(new Error(message));
  });

  it('and so are unknown options', () => {
    expect(() => multiPowerLaw.fit([good], { detla: 1 } as never)).toThrow(
      'multi-power: unknown option "detla", did you mean "delta"?',
    );
    expect(() => multiPowerLaw.fit([good], { typicalExponents: -1 })).toThrow(
      'multi-power: typicalExponents must be a number of at least 0, got -1',
    );
  });
});
