import { describe, expect, it } from 'vitest';
import { LineSearch } from '../src/fitting/line-search.ts';
import { gridStarts, minimize, minimizeFromMany, type Objective } from '../src/index.ts';
import reference from './fixtures/fitting.json';

const rosenbrock: Objective = (point, gradient) => {
  gradient.fill(0);
  let value = 0;
  for (let i = 0; i + 1 < point.length; i += 1) {
    const [x, y] = [point[i]!, point[i + 1]!];
    value += 100 * (y - x * x) ** 2 + (1 - x) ** 2;
    gradient[i]! += -400 * x * (y - x * x) - 2 * (1 - x);
    gradient[i + 1]! += 200 * (y - x * x);
  }
  return value;
};

const beale: Objective = (point, gradient) => {
  const [x, y] = [point[0]!, point[1]!];
  const terms = [1.5, 2.25, 2.625].map((constant, i) => constant - x + x * y ** (i + 1));
  gradient[0] = terms.reduce((sum, term, i) => sum + 2 * term * (y ** (i + 1) - 1), 0);
  gradient[1] = terms.reduce((sum, term, i) => sum + 2 * term * x * (i + 1) * y ** i, 0);
  return terms.reduce((sum, term) => sum + term * term, 0);
};

const powell: Objective = (point, gradient) => {
  const [a, b, c, d] = [point[0]!, point[1]!, point[2]!, point[3]!];
  const [p, q, r, s] = [a + 10 * b, c - d, b - 2 * c, a - d];
  gradient.set([2 * p + 40 * s ** 3, 20 * p + 4 * r ** 3, 10 * q - 8 * r ** 3, -10 * q - 40 * s ** 3]);
  return p * p + 5 * q * q + r ** 4 + 10 * s ** 4;
};

const { minima, logistic } = reference;

describe('minimize', () => {
  it.each([
    ['Rosenbrock in 2 dimensions', rosenbrock, minima.rosenbrock2],
    ['Rosenbrock in 10 dimensions', rosenbrock, minima.rosenbrock10],
    ['Beale', beale, minima.beale],
  ])("finds the point of SciPy's BFGS in at most 1.5 times its steps: %s", (_, objective, scipy) => {
    const found = minimize(objective, scipy.start);
    expect(found.converged).toBe(true);
    expect(found.gradientNorm).toBeLessThanOrEqual(1e-8);
    expect(found.iterations).toBeLessThanOrEqual(1.5 * scipy.iterations);
    // SciPy's own points are off the exact minima by up to 1e-6, where it estimated the gradient by differences.
    found.point.forEach((value, index) => {
      expect(value).toBeCloseTo(scipy.point[index]!, 5);
    });
    expect(found.value).toBeLessThanOrEqual(scipy.value + 1e-12);
  });

  it('reaches the minimum of Powell, where the Hessian is singular', () => {
    const found = minimize(powell, minima.powell.start);
    expect(found.converged).toBe(true);
    expect(found.value).toBeLessThanOrEqual(minima.powell.value);
  });

  it("agrees with SciPy to 1e-9 on a logistic regression's minimum", () => {
    const objective: Objective = (weights, gradient) => {
      gradient.set(weights.map((weight) => 0.1 * weight));
      return logistic.x.reduce(
        (sum, x, row) => {
          const margin = logistic.y[row]! * x.reduce((total, value, i) => total + value * weights[i]!, 0);
          const slope = -logistic.y[row]! / (1 + Math.exp(margin));
          x.forEach((value, i) => {
            gradient[i]! += slope * value;
          });
          return sum + Math.log1p(Math.exp(-margin));
        },
        0.05 * weights.reduce((sum, weight) => sum + weight * weight, 0),
      );
    };
    const found = minimize(objective, [0, 0, 0], { gradientTolerance: 1e-10, valueTolerance: 1e-26 });
    expect(found.value).toBeCloseTo(logistic.value, 12);
    found.point.forEach((value, index) => {
      expect(value).toBeCloseTo(logistic.point[index]!, 9);
    });
  });

  it.each([
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
  ])('steps back from where the objective is %s', (_, outside) => {
    // -log(1 - x) - log x - 5 log x: the first step from near 0 leaps over the border at 1.
    const barrier: Objective = (point, gradient) => {
      const x = point[0]!;
      if (x <= 0 || x >= 1) {
        gradient[0] = Number.NaN;
        return outside;
      }
      gradient[0] = 1 / (1 - x) - 6 / x;
      return -Math.log(1 - x) - 6 * Math.log(x);
    };
    for (const start of [1e-6, 0.5, 1 - 1e-6]) {
      const found = minimize(barrier, [start]);
      expect(found.converged).toBe(true);
      expect(found.point[0]).toBeCloseTo(6 / 7, 7);
    }
  });

  it.each([1e-12, 1, 1e12])('finds the same point when the objective is scaled by %s', (scale) => {
    const scaled: Objective = (point, gradient) => {
      const value = rosenbrock(point, gradient);
      for (let i = 0; i < gradient.length; i += 1) gradient[i]! *= scale;
      return scale * value;
    };
    const found = minimize(scaled, [-1.2, 1], { gradientTolerance: 1e-9 * scale });
    expect(found.point[0]).toBeCloseTo(1, 6);
    expect(found.point[1]).toBeCloseTo(1, 6);
  });

  it('says that it did not converge when it runs out of steps, or the function has no minimum', () => {
    expect(minimize(rosenbrock, [-1.2, 1], { maxIterations: 5 }).converged).toBe(false);
    const slope: Objective = (_, gradient) => {
      gradient[0] = 1;
      return _[0]!;
    };
    expect(minimize(slope, [0], { maxIterations: 50 }).converged).toBe(false);
    const wrongGradient: Objective = (point, gradient) => {
      gradient[0] = -2 * point[0]!;
      return point[0]! ** 2;
    };
    expect(minimize(wrongGradient, [1]).converged).toBe(false);
  });

  it('does not touch the start, and stays where it starts at a minimum', () => {
    const start = Float64Array.of(1, 1);
    const found = minimize(rosenbrock, start);
    expect([...start]).toEqual([1, 1]);
    expect(found).toMatchObject({ iterations: 0, converged: true, value: 0 });
  });

  it('refuses a start outside the domain, and unknown or wrong options', () => {
    expect(() => minimize(() => Number.NaN, [1, 2])).toThrow('the objective is NaN at the start [1, 2]');
    expect(() => minimize(rosenbrock, [0, 0], { maxIteration: 3 } as object)).toThrow(
      'minimize: unknown option "maxIteration", did you mean "maxIterations"?',
    );
    expect(() => minimize(rosenbrock, [0, 0], { gradientTolerance: -1 })).toThrow(
      'gradientTolerance must be a positive number, got -1',
    );
  });
});

describe('a line search', () => {
  it.each([1e-4, 0.01, 1, 100, 1e6])(
    'ends where the strong Wolfe conditions hold, from a first step of %s',
    (firstStep) => {
      for (const start of [
        [-1.2, 1],
        [0, 0],
        [2, -3],
      ]) {
        const search = new LineSearch(rosenbrock, start);
        const [value, before] = [search.value, Float64Array.from(search.gradient)];
        const direction = before.map((entry) => -entry);
        const { step } = search.along(direction, firstStep)!;
        const along = (gradient: Float64Array) =>
          gradient.reduce((sum, entry, i) => sum + entry * direction[i]!, 0);
        const taken = step[0]! / direction[0]!;
        expect(search.value).toBeLessThanOrEqual(value + 1e-4 * taken * along(before));
        expect(Math.abs(along(search.gradient))).toBeLessThanOrEqual(0.9 * Math.abs(along(before)));
      }
    },
  );

  it('stays where it is when no step goes down', () => {
    const search = new LineSearch(rosenbrock, [0, 0]);
    expect(search.along(Float64Array.of(-1, 0), 1)).toBeUndefined();
    expect([...search.point]).toEqual([0, 0]);
    expect(search.value).toBe(1);
  });
});

describe('minimizeFromMany', () => {
  // Minima near x = -1.02 and, lower, near x = 0.96.
  const twoValleys: Objective = (point, gradient) => {
    const x = point[0]!;
    gradient[0] = 4 * x * (x * x - 1) + 0.3;
    return (x * x - 1) ** 2 + 0.3 * x;
  };

  it('keeps the lowest minimum, and counts the starts that reached it', () => {
    const found = minimizeFromMany(twoValleys, [[1.5], [0.8], [-0.8], [Number.NaN]]);
    expect(found.point[0]).toBeCloseTo(-1.0355, 3);
    expect(found).toMatchObject({ starts: 4, finished: 3, agreeing: 1 });
  });

  it('finishes only the best starts when told to', () => {
    const found = minimizeFromMany(twoValleys, gridStarts([[-2, -1, 0, 1, 2]]), { finish: 2 });
    expect(found).toMatchObject({ starts: 5, finished: 2 });
    expect(found.value).toBeCloseTo(-0.3053, 3);
  });

  it('needs a start where the objective is finite', () => {
    expect(() => minimizeFromMany(twoValleys, [])).toThrow('needs at least one start');
    expect(() => minimizeFromMany(() => Number.POSITIVE_INFINITY, [[0], [1]])).toThrow(
      'the objective is not finite at any of the 2 starts',
    );
  });

  it('tries every combination of a grid', () => {
    expect(gridStarts([[1, 2], [3], [4, 5]])).toEqual([
      [1, 3, 4],
      [1, 3, 5],
      [2, 3, 4],
      [2, 3, 5],
    ]);
  });
});
