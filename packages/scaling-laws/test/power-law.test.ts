import { describe, expect, it } from 'vitest';
import { fitPowerLaw } from '../src/index.ts';
import reference from './fixtures/fitting.json';

describe('fitPowerLaw', () => {
  const { n, d, y, cases } = reference.powerLaw;

  it.each(cases.map((entry, index) => [['equal', 'unequal'][index], entry] as const))(
    'agrees with weighted least squares of NumPy to 1e-9, %s weights',
    (_, expected) => {
      const law = fitPowerLaw({ factors: { n, d }, response: y, weights: expected.weights });
      expect(Math.log(law.coefficient)).toBeCloseTo(expected.logCoefficient, 9);
      expect(law.exponents.n).toBeCloseTo(expected.exponents[0]!, 10);
      expect(law.exponents.d).toBeCloseTo(expected.exponents[1]!, 10);
      expect(law.r2).toBeCloseTo(expected.r2, 10);
      law.covariance.flat().forEach((value, index) => {
        expect(value / expected.covariance.flat()[index]!).toBeCloseTo(1, 7);
      });
      expect(law.standardErrors.exponents.d).toBeCloseTo(Math.sqrt(expected.covariance[2]![2]!), 10);
      const { value, low, high } = law.predict({ n: 3e10, d: 1e12 });
      [value, low, high].forEach((number, index) => {
        expect(number / expected.prediction[index]!).toBeCloseTo(1, 9);
      });
    },
  );

  it('recovers an exact law, and has no interval where there are no points to spare', () => {
    const law = fitPowerLaw({ factors: { x: [1, 10] }, response: [3, 30 * Math.sqrt(10)] });
    expect(law.coefficient).toBeCloseTo(3, 12);
    expect(law.exponents.x).toBeCloseTo(1.5, 12);
    expect(law.predict({ x: 100 })).toEqual({ value: expect.closeTo(3000, 8), low: 0, high: Infinity });
    expect(law.standardErrors).toEqual({ logCoefficient: Infinity, exponents: { x: Infinity } });
  });

  it('depends on the ratios of the weights alone', () => {
    const response = [1, 2, 3.5, 4];
    const fit = (scale: number) =>
      fitPowerLaw({
        factors: { n: response },
        response: [2, 3, 5, 9],
        weights: [1, 2, 3, 5].map((w) => scale * w),
      });
    for (const scale of [1e-24, 1e24]) {
      // Some roundings.
      expect(fit(scale).exponents.n).toBeCloseTo(fit(1).exponents.n, 12);
      expect(fit(scale).standardErrors.exponents.n).toBeCloseTo(fit(1).standardErrors.exponents.n, 12);
    }
  });

  it('refuses what cannot identify an exponent, and says which', () => {
    const response = [1, 2, 3, 4];
    expect(() => fitPowerLaw({ factors: { n: [5, 5, 5, 5] }, response })).toThrow(
      'n does not vary, so its exponent cannot be found',
    );
    for (const scale of [1e-14, 1, 1e14]) {
      const weights = [1, 2, 3, 5].map((weight) => scale * weight);
      expect(() => fitPowerLaw({ factors: { n: response.map(() => 7.3) }, response, weights })).toThrow(
        'n does not vary, so its exponent cannot be found',
      );
    }
    expect(() => fitPowerLaw({ factors: { n: [1, 2, 3, 4], c: [3, 12, 27, 48] }, response })).toThrow(
      'c is a power law of n at these points, so their exponents cannot be told apart',
    );
    expect(() => fitPowerLaw({ factors: { n: [1, 2, 3, 0] }, response })).toThrow(
      'n must be positive, got 0 at point 4',
    );
    expect(() => fitPowerLaw({ factors: { n: [1] }, response: [1] })).toThrow(
      '1 points are too few for 2 parameters (coefficient, n)',
    );
    expect(() => fitPowerLaw({ factors: { n: [1, 2] }, response })).toThrow(
      'n has 2 values, but response has 4',
    );
  });
});
