import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  holm,
  intervalReach,
  mean,
  median,
  pairedDifferences,
  pairedTest,
  quantile,
  standardDeviation,
  standardError,
  studentT,
  twoSidedProbability,
} from '../src/index.ts';

interface Recorded {
  readonly tails: readonly { t: number; degreesOfFreedom: number; p: number }[];
  readonly paired: readonly {
    a: number[];
    b: number[];
    t: number;
    degreesOfFreedom: number;
    p: number;
    deviationOfA: number;
  }[];
  readonly holm: readonly { p: number[]; corrected: number[] }[];
  readonly quantiles: readonly { confidence: number; degreesOfFreedom: number; t: number }[];
}

const recorded = JSON.parse(
  readFileSync(new URL('./fixtures/significance.json', import.meta.url), 'utf8'),
) as Recorded;

/** Largest difference relative to the expected value. */
const relative = (actual: number, expected: number) =>
  actual === expected ? 0 : Math.abs(actual - expected) / Math.abs(expected);

describe('the significance of a difference, against SciPy', () => {
  it('has the tails of Student’s t, whole degrees of freedom or not', () => {
    expect(recorded.tails.length).toBeGreaterThan(50);
    for (const { t, degreesOfFreedom, p } of recorded.tails) {
      // Log-gamma of up to 2,500 carries 1e4 in its exponent, which costs four of sixteen digits.
      const actual = twoSidedProbability(t, degreesOfFreedom);
      if (p < 1e-300) expect(actual).toBeLessThan(1e-300);
      else expect(relative(actual, p), `t ${t}, ${degreesOfFreedom} degrees`).toBeLessThan(1e-11);
    }
  });

  it('agrees with the arctangent that one degree of freedom has, however small t is', () => {
    for (const t of [1e-9, 1e-6, 1e-3, 0.5, 3]) {
      expect(relative(twoSidedProbability(t, 1), 1 - (2 / Math.PI) * Math.atan(t))).toBeLessThan(1e-14);
    }
  });

  it('has the quantiles of Student’s t, by which intervals are as wide as they are', () => {
    expect(recorded.quantiles.length).toBeGreaterThan(30);
    for (const { confidence, degreesOfFreedom, t } of recorded.quantiles) {
      // The tail of 1,000 degrees of freedom is exact to 1e-12.
      expect(relative(studentT(confidence, degreesOfFreedom), t)).toBeLessThan(1e-11);
    }
    // With one degree of freedom t is the tangent of an angle in proportion to the confidence; the standard error of 1 and 3 is 1.
    expect(intervalReach([1, 3])).toBeCloseTo(Math.tan((0.95 * Math.PI) / 2), 10);
    expect(intervalReach([1])).toBeNull();
  });

  it('has the paired test’s statistic, degrees of freedom and p-value', () => {
    expect(recorded.paired.length).toBeGreaterThan(10);
    for (const { a, b, ...expected } of recorded.paired) {
      const test = pairedTest(pairedDifferences(new Map(a.entries()), new Map(b.entries())))!;
      // Samples 5 apart from zero with a spread of 1e-6 lose six digits in their variance.
      expect(relative(test.t, expected.t)).toBeLessThan(1e-8);
      expect(test.degreesOfFreedom).toBe(expected.degreesOfFreedom);
      expect(relative(test.p, expected.p)).toBeLessThan(1e-8);
      expect(relative(standardDeviation(a)!, expected.deviationOfA)).toBeLessThan(1e-8);
      // By the test's definition, t is the mean difference in standard errors.
      const differences = a.map((value, index) => value - b[index]!);
      expect(relative(mean(differences) / standardError(differences)!, expected.t)).toBeLessThan(1e-8);
    }
  });

  it('corrects for many tests as Holm does', () => {
    for (const { p, corrected } of recorded.holm) {
      const actual = holm(p);
      corrected.forEach((value, index) => {
        expect(relative(actual[index]!, value)).toBeLessThan(1e-14);
      });
      expect(holm([null, ...p, null])).toEqual([null, ...actual, null]);
    }
  });

  it('says nothing without two seeds that both have, or without any spread', () => {
    const [one, two] = [
      new Map([
        [1, 5],
        [2, 6],
      ]),
      new Map([
        [2, 4],
        [3, 7],
      ]),
    ] as const;
    expect(pairedDifferences(one, two)).toEqual([2]);
    expect(pairedTest([2])).toBeNull();
    expect(pairedTest([0.5, 0.5, 0.5])).toBeNull();
    expect(pairedTest([0, 0, 0])).toEqual({ t: 0, degreesOfFreedom: 2, p: 1 });
    expect(standardDeviation([5])).toBeNull();
    expect(standardError([5])).toBeNull();
    expect(mean([1, 2, 6])).toBe(3);
  });
});

it('takes medians and quantiles as NumPy does', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 7])).toBe(6);
  // np.quantile([1, 2, 4], 0.25) = 1.5.
  expect(quantile([1, 2, 4], 0.25)).toBe(1.5);
});
