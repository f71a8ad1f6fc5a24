import { describe, expect, it } from 'vitest';
import { bootstrap, goodnessOf, logHuberObjective, minimize, splitByCompute } from '../src/index.ts';

describe('logHuberObjective', () => {
  const rows = [
    { x: 1, y: 2 },
    { x: 2, y: 5 },
    { x: 3, y: 9 },
  ];
  const observed = ({ y }: { y: number }) => y;
  const predict = (row: { x: number; y: number }, point: Float64Array, gradient: Float64Array) => {
    gradient[0] = 1;
    gradient[1] = Math.log(row.x);
    return point[0]! + point[1]! * Math.log(row.x);
  };

  it('is the sum of Huber losses of log residuals, by the definition', () => {
    const objective = logHuberObjective(rows, { observed, predict, delta: 0.03, weights: [1, 2, 3] });
    // log residuals at (log 2.02, 1.3): log 1.01, log(2.02 * 2^1.3 / 5) = -0.00523, log(2.02 * 3^1.3 / 9) = -0.0659
    const residuals = rows.map(({ x, y }) => Math.log((2.02 * x ** 1.3) / y));
    const expected = residuals
      .map((r) => (Math.abs(r) <= 0.03 ? r ** 2 / 2 : 0.03 * (Math.abs(r) - 0.015)))
      .reduce((sum, value, index) => sum + (index + 1) * value, 0);
    expect(objective(Float64Array.of(Math.log(2.02), 1.3), new Float64Array(2))).toBeCloseTo(expected, 15);
  });

  it.each([1e-3, 0.1, 10])('has the gradient that differences give, delta %s', (delta) => {
    const objective = logHuberObjective(rows, { observed, predict, delta, weights: [1, 2, 3] });
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
      minimize(logHuberObjective(many, { observed, predict, delta }), [0, 0], { gradientTolerance: 1e-10 })
        .point[1]!;
    expect(fit(1e-3)).toBeCloseTo(0.5, 3);
    expect(Math.abs(fit(10) - 0.5)).toBeGreaterThan(0.1);
  });

  it('adds to a sum over rows what a prior costs: points delta^2 / 2 times its squared distance in spreads', () => {
    const prior = { coordinate: 1, center: 1, spread: 0.5, points: 4 };
    const point = Float64Array.of(0.6, 1.3);
    const [free, held] = [new Float64Array(2), new Float64Array(2)];
    const plain = logHuberObjective(rows, { observed, predict, delta: 0.1 })(point, free);
    const value = logHuberObjective(rows, { observed, predict, delta: 0.1, priors: [prior] })(point, held);
    // A distance of 0.6 spreads: 4 * 0.01 * 0.36 / 2, with the slope 4 * 0.01 * 0.6 / 0.5.
    expect(value - plain).toBeCloseTo(0.0072, 12);
    expect([held[0]! - free[0]!, held[1]! - free[1]!]).toEqual([0, expect.closeTo(0.048, 12)]);
  });

  it('refuses what has no logarithm, and weights that do not match', () => {
    expect(() => logHuberObjective([{ x: 1, y: -2 }], { observed, predict })).toThrow(
      'the observed value of row 1 must be positive, got -2',
    );
    expect(() => logHuberObjective(rows, { observed, predict, weights: [1] })).toThrow(
      'got 1 weights for 3 rows',
    );
    expect(() => logHuberObjective(rows, { observed, predict, weights: [1, -1, 1] })).toThrow(
      'the weight of row 2 must be a number of at least 0, got -1',
    );
  });
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
    expect(draw(7).low).toBeCloseTo(21.226, 12);
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

  it('has no share of a variance that is not there', () => {
    expect(goodnessOf([2], [2.5])).toMatchObject({ points: 1, r2: Number.NaN, meanAbsoluteError: 0.5 });
  });

  it('refuses predictions that do not match', () => {
    expect(() => goodnessOf([1, 2], [1])).toThrow('got 1 predictions of 2 observations');
  });
});
