import { describe, expect, it } from 'vitest';
import { studentT } from '../src/fitting/student-t.ts';
import {
  bootstrap,
  fitPowerLaw,
  goodnessOf,
  identifiability,
  logHuberObjective,
  minimize,
  splitByCompute,
} from '../src/index.ts';
import reference from './fixtures/fitting.json';

describe('logHuberObjective', () => {
  const rows = [
    { x: 1, y: 2 },
    { x: 2, y: 5 },
    { x: 3, y: 9 },
  ];
  const predict = (row: { x: number }, point: Float64Array, gradient: Float64Array) => {
    gradient[0] = 1;
    gradient[1] = Math.log(row.x);
    return point[0]! + point[1]! * Math.log(row.x);
  };

  it('is the sum of Huber losses of log residuals, by the definition', () => {
    const objective = logHuberObjective(rows, ({ y }) => y, predict, { delta: 0.03, weights: [1, 2, 3] });
    // log residuals at (log 2.02, 1.3): log 1.01, log(2.02 * 2^1.3 / 5) = -0.00523, log(2.02 * 3^1.3 / 9) = -0.0659
    const residuals = rows.map(({ x, y }) => Math.log((2.02 * x ** 1.3) / y));
    const expected = residuals
      .map((r) => (Math.abs(r) <= 0.03 ? r ** 2 / 2 : 0.03 * (Math.abs(r) - 0.015)))
      .reduce((sum, value, index) => sum + (index + 1) * value, 0);
    expect(objective(Float64Array.of(Math.log(2.02), 1.3), new Float64Array(2))).toBeCloseTo(expected, 15);
  });

  it.each([1e-3, 0.1, 10])('has the gradient that differences give, delta %s', (delta) => {
    const objective = logHuberObjective(rows, ({ y }) => y, predict, { delta, weights: [1, 2, 3] });
    const point = Float64Array.of(0.6, 1.37);
    const gradient = new Float64Array(2);
    objective(point, gradient);
    for (const index of [0, 1]) {
      const shifted = (by: number) =>
        objective(
          point.map((value, i) => value + (i === index ? by : 0)),
          new Float64Array(2),
        );
      // Central differences of step 1e-6 are off by 1e-10 in a function of curvature 1.
      expect((shifted(1e-6) - shifted(-1e-6)) / 2e-6).toBeCloseTo(gradient[index]!, 8);
    }
  });

  it('resists an outlier that least squares follows', () => {
    const many = Array.from({ length: 20 }, (_, i) => ({ x: i + 1, y: 3 * (i + 1) ** 0.5 }));
    many[19] = { x: 20, y: 100 };
    const fit = (delta: number) =>
      minimize(
        logHuberObjective(many, ({ y }) => y, predict, { delta }),
        [0, 0],
        { gradientTolerance: 1e-10 },
      ).point[1]!;
    expect(fit(1e-3)).toBeCloseTo(0.5, 3);
    expect(Math.abs(fit(10) - 0.5)).toBeGreaterThan(0.1);
  });

  it('refuses what has no logarithm, and weights that do not match', () => {
    expect(() => logHuberObjective([{ x: 1, y: -2 }], ({ y }) => y, predict)).toThrow(
      'the observed value of row 1 must be positive, got -2',
    );
    expect(() => logHuberObjective(rows, ({ y }) => y, predict, { weights: [1] })).toThrow(
      'got 1 weights for 3 rows',
    );
    expect(() => logHuberObjective(rows, ({ y }) => y, predict, { weights: [1, -1, 1] })).toThrow(
      'the weight of row 2 must be a number of at least 0, got -1',
    );
  });
});

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
  });

  it('refuses what cannot identify an exponent, and says which', () => {
    const response = [1, 2, 3, 4];
    expect(() => fitPowerLaw({ factors: { n: [5, 5, 5, 5] }, response })).toThrow(
      'n does not vary, so its exponent cannot be found',
    );
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

  it.each(reference.quantiles)(
    "agrees with SciPy's t quantile at $confidence with $degreesOfFreedom degrees of freedom to 1e-8",
    ({ confidence, degreesOfFreedom, t }) => {
      expect(studentT(confidence, degreesOfFreedom) / t).toBeCloseTo(1, 8);
    },
  );
});

describe('bootstrap', () => {
  const rows = Array.from({ length: 50 }, (_, i) => ({ value: (i * 37) % 50, run: String(i % 5) }));
  const mean = (sample: readonly { value: number }[]) => ({
    mean: sample.reduce((sum, { value }) => sum + value, 0) / sample.length,
  });

  it('gives the standard error of a mean, sd / sqrt(n), within 10 %', () => {
    const { mean: interval } = bootstrap(rows, mean, { samples: 2000, seed: 1 });
    const deviation = Math.sqrt((50 ** 2 - 1) / 12);
    // 2,000 resamples know a standard deviation to 1.6 %; the rest is room for an unlucky seed.
    expect(interval.standardError / (deviation / Math.sqrt(50))).toBeGreaterThan(0.9);
    expect(interval.standardError / (deviation / Math.sqrt(50))).toBeLessThan(1.1);
    expect(interval.low).toBeLessThan(24.5);
    expect(interval.high).toBeGreaterThan(24.5);
    expect((interval.high - interval.low) / interval.standardError).toBeCloseTo(2 * 1.96, 0);
  });

  it('draws the same resamples from the same seed, on every machine', () => {
    const draw = (seed: number) => bootstrap(rows, mean, { samples: 20, seed }).mean;
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(7).low).toBeCloseTo(21.094, 12);
  });

  it('keeps the rows of a group together', () => {
    const sizes = new Set<number>();
    bootstrap(
      rows,
      (sample) => {
        for (const run of new Set(sample.map((row) => row.run))) {
          sizes.add(sample.filter((row) => row.run === run).length % 10);
        }
        return { size: sample.length };
      },
      { samples: 20, seed: 3, by: ({ run }) => run },
    );
    expect([...sizes]).toEqual([0]);
  });

  it('leaves failed estimates out, but not when more than a tenth fail', () => {
    let call = 0;
    const sometimes = (every: number) => () => {
      call += 1;
      if (call % every === 0) throw new Error('n does not vary');
      return { x: call };
    };
    expect(bootstrap(rows, sometimes(20), { samples: 100, seed: 0 }).x.low).toBeGreaterThan(0);
    expect(() => bootstrap(rows, sometimes(5), { samples: 100, seed: 0 })).toThrow(
      'the estimate failed on 20 of 100 resamples (n does not vary)',
    );
    expect(() => bootstrap(rows, () => ({ x: Number.NaN }), { samples: 10, seed: 0 })).toThrow('x was NaN');
  });

  it('refuses wrong options', () => {
    expect(() => bootstrap(rows, mean, { samples: 1, seed: 0 })).toThrow(
      'samples must be a whole number of at least 2, got 1',
    );
    expect(() => bootstrap(rows, mean, { samples: 10, seed: 0, confidence: 95 })).toThrow(
      'confidence must be a number between 0 and 1, got 95',
    );
    expect(() => bootstrap([], mean, { samples: 10, seed: 0 })).toThrow('there are no rows to resample');
  });
});

describe('splitByCompute', () => {
  const rows = [1, 1, 2, 4, 4, 4, 8, 16].map((flops) => ({ flops }));
  const flopsOf = ({ flops }: { flops: number }) => flops;

  it('holds out what lies above a compute', () => {
    const split = splitByCompute(rows, flopsOf, { above: 4 });
    expect(split.heldOut.map(flopsOf)).toEqual([8, 16]);
    expect(split.fitted).toHaveLength(6);
    expect(split.largestFitted).toBe(4);
  });

  it.each([
    [0.25, [8, 16]],
    [0.3, [8, 16]],
    [0.7, [4, 4, 4, 8, 16]],
    [0.05, [16]],
  ])('holds out the share %s of most compute, equal compute together', (fraction, expected) => {
    expect(splitByCompute(rows, flopsOf, { fraction }).heldOut.map(flopsOf)).toEqual(expected);
  });

  it('refuses a split with an empty side, and wrong options', () => {
    expect(() => splitByCompute(rows, flopsOf, { above: 16 })).toThrow(
      'no row is above 16 FLOPs; the rows have 1 to 16',
    );
    expect(() => splitByCompute(rows, flopsOf, { above: 0.5 })).toThrow('no row remains to fit');
    expect(() => splitByCompute(rows.slice(0, 2), flopsOf, { fraction: 0.5 })).toThrow('hold-out');
    expect(() => splitByCompute(rows, flopsOf, { over: 2 } as never)).toThrow(
      'unknown option "over", did you mean "above"?',
    );
  });
});

describe('goodnessOf', () => {
  it('measures what its names say', () => {
    const goodness = goodnessOf([1, 2, 4], [1.1, 2, 3]);
    expect(goodness.points).toBe(3);
    // Squares 0.01 + 0 + 1 over a spread of 14/3.
    expect(goodness.r2).toBeCloseTo(1 - 1.01 / (14 / 3), 12);
    expect(goodness.meanAbsoluteError).toBeCloseTo(1.1 / 3, 12);
    expect(goodness.rootMeanSquareLogError).toBeCloseTo(
      Math.sqrt((Math.log(1.1) ** 2 + Math.log(0.75) ** 2) / 3),
      12,
    );
    expect(goodness.worstRelativeError).toBeCloseTo(0.25, 12);
  });

  it('refuses predictions that do not match', () => {
    expect(() => goodnessOf([1, 2], [1])).toThrow('got 1 predictions of 2 observations');
  });
});

describe('identifiability', () => {
  const xs = [1, 2, 3, 4, 5, 6];
  const residuals = [0.01, -0.01, 0.01, -0.01, 0.01, -0.01];

  it('gives the standard errors of least squares', () => {
    const { standardErrors, warnings } = identifiability(
      xs.map((x) => [1, x]),
      [
        { name: 'a', value: 3 },
        { name: 'b', value: 2 },
      ],
      residuals,
    );
    // s^2 = 6e-4 / 4; var b = s^2 / 17.5; var a = s^2 (1/6 + 3.5^2/17.5)
    expect(standardErrors[1]).toBeCloseTo(Math.sqrt(1.5e-4 / 17.5), 12);
    expect(standardErrors[0]).toBeCloseTo(Math.sqrt(1.5e-4 * (1 / 6 + 12.25 / 17.5)), 12);
    expect(warnings).toEqual([]);
  });

  it('gives those of a median, which a Huber loss of small delta is, from residuals that an outlier does not move', () => {
    // One parameter: the residual 0 is the point the fit passes through. Median of the others 0.03.
    const errors = [0, 0.01, -0.01, 0.02, -0.03, -0.03, 0.04, 5];
    const judge = (delta: number) =>
      identifiability(
        errors.map(() => [1]),
        [{ name: 'a', value: 3 }],
        errors,
        { delta },
      ).standardErrors[0];
    expect(judge(1e-3)).toBeCloseTo((1.4826 * 0.03 * Math.sqrt(Math.PI / 2)) / Math.sqrt(8), 12);
    expect(judge(1)).toBeCloseTo((1.4826 * 0.03) / Math.sqrt(8), 12);
  });

  it('names the parameters that can change together, and no other', () => {
    const { standardErrors, warnings } = identifiability(
      xs.map((x) => [2, x, 3, x * x]),
      ['E', 'b', 'A', 'c'].map((name) => ({ name, value: 1 })),
      residuals,
    );
    expect(warnings).toEqual([
      'the data cannot tell E, A apart: they can change together without changing a prediction',
    ]);
    expect(standardErrors.map(Number.isFinite)).toEqual([false, true, false, true]);
  });

  it('names a parameter that no prediction depends on', () => {
    const { warnings } = identifiability(
      xs.map((x) => [x, 0]),
      [
        { name: 'a', value: 1 },
        { name: 'C', value: 1 },
      ],
      residuals,
    );
    expect(warnings).toEqual(['the data say nothing about C: the predictions do not depend on it']);
  });

  it('warns of a large standard error, a bound that was reached, and too few points', () => {
    const judge = (parameter: object, errors: number[]) =>
      identifiability(
        xs.map((x) => [x]),
        [{ name: 'A', value: 0.01, ...parameter }],
        errors,
      ).warnings;
    const scattered = residuals.map((value) => 100 * value);
    expect(judge({}, scattered)).toEqual(['A is poorly determined: 0.0100 with a standard error of 0.11']);
    expect(judge({ logarithmic: true }, residuals)).toEqual([]);
    expect(
      judge(
        { logarithmic: true },
        scattered.map((value) => 10 * value),
      )[0],
    ).toMatch('A is poorly determined: with 95 % confidence only to a factor of 9.5');
    expect(judge({ value: 2, bounds: [0, 2] }, residuals)).toEqual([
      'A ended at its bound 2: the data pull it further, or do not determine it',
    ]);
    expect(identifiability([[1]], [{ name: 'A', value: 1 }], [0]).warnings[0]).toBe(
      '1 points cannot determine 1 parameters and leave a rest to judge the fit by',
    );
  });
});
