import { cosine, linearWarmup, warmupStableDecay } from '@steepest/lr-schedules';
import { describe, expect, it } from 'vitest';
import { type AnnealingParameters, annealingFrom, annealingLaw } from '../../src/index.ts';
import { fittedNames, hasPublishedCurves, heldOutNames, publishedCurve } from './published-curves.ts';

const truth: AnnealingParameters = { L0: 2.6, A: 0.5, alpha: 0.5, C: 1, lambda: 0.995 };
const peak = 4e-4;
const steps = Array.from({ length: 50 }, (_, index) => 300 + index * 55);
const schedules = {
  cosine: cosine({ peak, totalSteps: 3000, warmupSteps: 200, endFactor: 0.1 }),
  constant: linearWarmup({ peak, warmupSteps: 200 }),
  decay: warmupStableDecay({ peak, totalSteps: 3000, warmupSteps: 200, decaySteps: 600 }),
};
const ratesOf = (schedule: (step: number) => number) =>
  Float64Array.from({ length: 3000 }, (_, index) => schedule(index + 1));

/** The double sum over drops and later steps, as it stands in the paper. */
function lossByDefinition(
  { L0, A, alpha, C, lambda }: AnnealingParameters,
  rates: Float64Array,
  step: number,
) {
  const peakAt = rates.indexOf(Math.max(...rates)) + 1;
  let [sum, area] = [0, 0];
  for (let i = 1; i <= step; i++) {
    sum += rates[i - 1]!;
    for (let k = peakAt + 1; k <= i; k++) area += (rates[k - 2]! - rates[k - 1]!) * lambda ** (i - k);
  }
  return L0 + A * sum ** -alpha - C * area;
}

describe('the annealing law', () => {
  it.each(Object.entries(schedules))('predicts %s as the double sum does', (_, schedule) => {
    const rates = ratesOf((step) =>
      schedule(step <= 300 ? step : Math.min(3000, 300 + 7 * (step - 300))),
    ).slice(0, 700);
    const some = [1, 150, 201, 450, 700];
    const predicted = annealingFrom(truth).predictCurve(rates, some);
    some.forEach((step, index) => {
      expect(predicted[index]!).toBeCloseTo(lossByDefinition(truth, rates, step), 10);
    });
    expect(annealingFrom(truth).finalLoss(rates)).toBeCloseTo(predicted[4]!, 12);
  });

  it('begins to anneal at the first of equal peaks', () => {
    const law = annealingFrom({ L0: 2, A: 1, alpha: 1, C: 1, lambda: 0.5 });
    // By hand: m = 0, 0.5, 0.25 - 0.5, -0.125 + 0.5, so S2 = 0.625; S1 = 3.
    expect(law.finalLoss([1, 0.5, 1, 0.5])).toBeCloseTo(2 + 1 / 3 - 0.625, 14);
  });

  it('says how the final loss changes with the rate of each step', () => {
    const rates = ratesOf(schedules.decay).map((rate) => rate + 1e-5);
    const gradient = new Float64Array(3000);
    const law = annealingFrom(truth);
    law.finalLoss(rates, gradient);
    // The step of the peak decides where annealing begins, so that its own rate must not be nudged below the next.
    for (const index of [0, 100, 198, 1000, 2500, 2999]) {
      const at = (change: number) => law.finalLoss(rates.with(index, rates[index]! + change));
      const numerical = (at(0) - at(-1e-8)) / 1e-8;
      expect(gradient[index]! / numerical).toBeCloseTo(1, 3);
    }
  });

  it('is found again from curves that follow it, lambda included', () => {
    const curves = Object.entries(schedules).map(([name, schedule]) => {
      const rates = ratesOf(schedule);
      return { name, rates, steps, losses: Array.from(annealingFrom(truth).predictCurve(rates, steps)) };
    });
    const fit = annealingLaw.fit(curves);
    // Without noise the search ends where the errors are a small part of delta.
    expect(fit.goodness.worstRelativeError).toBeLessThan(1e-5);
    expect(fit.constants.L0).toBeCloseTo(truth.L0, 2);
    expect(fit.constants.alpha).toBeCloseTo(truth.alpha, 2);
    expect(fit.constants.C).toBeCloseTo(truth.C, 1);
    expect(fit.constants.lambda).toBeCloseTo(truth.lambda, 4);
  });
});

describe.skipIf(!hasPublishedCurves)('the published curves (needs ../shared/data/laws)', () => {
  it.each([25, 100])('of %i million parameters are predicted from three of them', (millions) => {
    const fit = annealingLaw.fit(fittedNames.map((name) => publishedCurve(millions, name)));
    expect(fit.goodness.r2).toBeGreaterThan(0.9985);
    const heldOut = fit.check(heldOutNames.map((name) => publishedCurve(millions, name)));
    // A law of five constants, one of them the memory of the momentum, comes near the multi-power law's 0.998.
    for (const { r2, worstRelativeError } of Object.values(heldOut)) {
      expect(r2).toBeGreaterThan(0.993);
      expect(worstRelativeError).toBeLessThan(0.01);
    }
  });
});
