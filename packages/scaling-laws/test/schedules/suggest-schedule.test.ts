import { scheduleFromDescription } from '@steepest/lr-schedules';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestNonIncreasing } from '../../src/fitting/isotonic.ts';
import { annealingFrom, multiPowerFrom, type ScheduleLaw, suggestSchedule } from '../../src/index.ts';
import { publishedConstants } from './published-curves.ts';

const law = multiPowerFrom(publishedConstants[25]);

describe('the suggested schedule', () => {
  const steps = 3000;
  const suggested = suggestSchedule({ law, steps, peak: { from: 1e-4, to: 6e-4 }, warmupSteps: 270 });

  it('beats the best cosine of the same steps by the law, whose peak and end may be chosen too', () => {
    expect(suggested.expectedLoss).toBeLessThan(suggested.cosine.expectedLoss - 0.02);
    expect(suggested.powerDecay.expectedLoss).toBeLessThan(suggested.cosine.expectedLoss);
    const anyCosine = (peak: number, endFactor: number) =>
      law.finalLoss(
        ratesOf(
          scheduleFromDescription({ type: 'cosine', peak, totalSteps: steps, warmupSteps: 270, endFactor }),
        ),
      );
    for (const peak of [1e-4, 2e-4, 3e-4, 6e-4]) {
      for (const end of [0, 0.1, 0.3, 0.5]) {
        expect(suggested.cosine.expectedLoss).toBeLessThan(anyCosine(peak, end) + 1e-6);
      }
    }
  });

  it('step by step is no worse than the best of the family', () => {
    expect(suggested.freeForm.expectedLoss).toBeLessThan(suggested.powerDecay.expectedLoss - 0.002);
    expect(suggested.form).toBe('freeForm');
  });

  it('step by step is not improved by a little of any other schedule', () => {
    const { rates, expectedLoss } = suggested.freeForm;
    const options = { peak: 6e-4, totalSteps: steps, warmupSteps: 270, endFactor: 0.01 };
    const others = [
      { type: 'cosine', ...options },
      { type: 'linear', ...options },
      { type: 'polynomial', ...options, power: 3 },
      { type: 'warmupStableDecay', ...options, decaySteps: 200 },
      { type: 'warmupStableDecay', ...options, decaySteps: 1500, shape: 'squareRoot' },
    ].map((description) => ratesOf(scheduleFromDescription(description)));
    for (const other of others) {
      for (const share of [0.01, 0.1]) {
        const mixed = rates.map((rate, index) => (1 - share) * rate + share * other[index]!);
        // Corners follow the rates to a thousandth of the peak, which may cost a little.
        expect(law.finalLoss(mixed)).toBeGreaterThan(expectedLoss - 1e-4);
      }
    }
  });

  it('rises for the warm-up, and never afterwards', () => {
    for (const { rates } of [suggested, suggested.powerDecay, suggested.freeForm]) {
      expect(rates).toHaveLength(steps);
      const peak = Math.max(...rates);
      expect(peak).toBeLessThanOrEqual(6e-4);
      for (let step = 2; step <= steps; step++) {
        const rise = rates[step - 1]! - rates[step - 2]!;
        if (step <= 270) expect(rise).toBeCloseTo(peak / 270, 8);
        // Steady stretches end where interpolation rounds.
        else expect(rise).toBeLessThanOrEqual(1e-18);
      }
    }
  });

  it('can be written to JSON and made again, with the loss that was promised', () => {
    for (const found of [suggested, suggested.powerDecay, suggested.freeForm, suggested.cosine]) {
      const schedule = scheduleFromDescription(JSON.parse(JSON.stringify(found.description)));
      expect(ratesOf(schedule)).toEqual(found.rates);
      expect(law.finalLoss(found.rates)).toBe(found.expectedLoss);
    }
    expect((suggested.freeForm.description.points as unknown[]).length).toBeLessThan(60);
  });

  it('warns of a peak at the edge of its range, or outside the peaks that the law was fitted on', () => {
    expect(suggested.warnings).toEqual([
      'the best peak, 0.000600, is at the edge of the range that was given',
    ]);
    const fitted: ScheduleLaw = { ...law, peaks: { from: 3e-4, to: 3e-4 } };
    expect(suggestSchedule({ law: fitted, steps: 100, peak: 1e-3 }).warnings).toEqual([
      'the peak 0.00100 is outside those of the curves that the law was fitted on, 0.000300 to 0.000300',
    ]);
    expect(suggestSchedule({ law: fitted, steps: 100 }).warnings).toEqual([]);
  });

  it('is found by other laws too', () => {
    const other = annealingFrom({ L0: 2.6, A: 0.5, alpha: 0.5, C: 4, lambda: 0.99 });
    const found = suggestSchedule({ law: other, steps: 1000, peak: 3e-4 });
    expect(found.expectedLoss).toBeLessThan(found.cosine.expectedLoss);
  });

  function ratesOf(schedule: (step: number) => number): Float64Array {
    return Float64Array.from({ length: steps }, (_, index) => schedule(index + 1));
  }
});

describe('unusable options are refused with what would be right', () => {
  it.each<[object, string]>([
    [{}, 'suggestSchedule: peak is missing; a law that was not fitted here needs a number, or { from, to }'],
    [{ peak: '1' }, 'suggestSchedule: peak must be a number, or { from, to }, got "1" (string)'],
    [{ peak: { from: 2, to: 1 } }, 'suggestSchedule: peak.from must be at most peak.to, got 2 and 1'],
    [{ peak: 1, steps: 3 }, 'suggestSchedule: steps must be a whole number of at least 4, got 3'],
    [
      { peak: 1, warmupSteps: 99 },
      'suggestSchedule: warmupSteps must leave 2 of the 100 steps or more, got 99',
    ],
    [
      { peak: { from: 0.01, to: 1 } },
      'suggestSchedule: smallestShare of the largest peak must be less than the smallest peak 0.01, got 0.01 of 1',
    ],
    [{ peak: 1, warmupStep: 5 }, 'suggestSchedule: unknown option "warmupStep", did you mean "warmupSteps"?'],
  ])('%#', (options, message) => {
    expect(() => suggestSchedule({ law, steps: 100, ...options })).toThrow(message);
  });
});

describe('the nearest non-increasing values', () => {
  it('are those of a worked example', () => {
    const nearest = nearestNonIncreasing(Float64Array.of(5, 1, 3, 2, 4, 0), -9, 9);
    expect([...nearest]).toEqual([5, 2.5, 2.5, 2.5, 2.5, 0]);
  });

  it('meet the condition of a projection: no allowed point lies in the direction of what was given', () => {
    const values = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(values, values, (given, other) => {
        const nearest = nearestNonIncreasing(Float64Array.from(given), -2, 2);
        const allowed = given
          .map((_, index) => Math.max(-2, Math.min(2, other[index % other.length]!)))
          .sort((a, b) => b - a);
        const product = given.reduce(
          (sum, value, index) => sum + (value - nearest[index]!) * (allowed[index]! - nearest[index]!),
          0,
        );
        expect(product).toBeLessThanOrEqual(1e-9);
      }),
      { numRuns: 200 },
    );
  });
});
