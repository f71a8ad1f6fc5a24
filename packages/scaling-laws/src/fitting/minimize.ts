import { checkKeys, checkPositive, checkWhole } from '../options.ts';
import { LineSearch, type Objective } from './line-search.ts';
import { dot, leastBy, norm } from './numbers.ts';

/** Options of {@link minimize}. */
export interface MinimizeOptions {
  /** Steps after which the search gives up; by default 1,000. */
  readonly maxIterations?: number | undefined;
  /** Converged when no entry of the gradient is larger; by default 1e-8. */
  readonly gradientTolerance?: number | undefined;
  /** Converged when the decrease still expected is this share of the value; by default 1e-20. */
  readonly valueTolerance?: number | undefined;
}

/** Share of the value below which an expected decrease that no step achieves is put down to rounding. */
const lostInRounding = 1e-10;

/** Where a search ended. */
export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  /** Largest absolute entry of the gradient. */
  readonly gradientNorm: number;
  readonly iterations: number;
  /** Whether a tolerance was met; a search that could only be stopped says false. */
  readonly converged: boolean;
}

/**
 * Minimizes a smooth function by BFGS with a strong Wolfe line search (Nocedal and Wright, Numerical Optimization, 2nd ed.
 * 2006, algorithm 6.1 and 3.5).
 *
 * The inverse Hessian starts as the identity, scaled after the first step (equation 6.20). Points where the objective is
 * not finite are stepped back from.
 *
 * @param start one number per parameter
 * @throws Error when an option is unknown or wrong, or the objective is not finite at the start
 */
export function minimize(
  objective: Objective,
  start: ArrayLike<number>,
  options: MinimizeOptions = {},
): Minimum {
  checkKeys('minimize', options, ['maxIterations', 'gradientTolerance', 'valueTolerance']);
  const { maxIterations = 1000, gradientTolerance = 1e-8, valueTolerance = 1e-20 } = options;
  checkWhole('minimize', 'maxIterations', maxIterations, 1);
  checkPositive('minimize', 'gradientTolerance', gradientTolerance);
  checkPositive('minimize', 'valueTolerance', valueTolerance);
  const search = new LineSearch(objective, start);
  if (!Number.isFinite(search.value)) {
    throw new Error(
      `minimize: the objective is ${search.value} at the start [${[...search.point].join(', ')}]`,
    );
  }
  const inverse = new InverseHessian(start.length);
  let iterations = 0;
  let converged = search.gradientNorm() <= gradientTolerance;
  while (!converged && iterations < maxIterations) {
    let direction = inverse.direction(search.gradient);
    const expected = -dot(direction, search.gradient) / 2;
    if (inverse.updated && Math.abs(expected) <= valueTolerance * Math.abs(search.value)) {
      converged = true;
      break;
    }
    if (!(expected > 0)) {
      inverse.reset();
      direction = inverse.direction(search.gradient);
    }
    const firstStep = inverse.updated ? 1 : Math.min(1, 1 / norm(search.gradient));
    const moved = search.along(direction, firstStep);
    if (moved) {
      iterations += 1;
      inverse.update(moved.step, moved.gradientChange);
      converged = search.gradientNorm() <= gradientTolerance;
    } else if (inverse.updated && expected <= lostInRounding * Math.abs(search.value)) {
      converged = true;
    } else if (inverse.updated) {
      // A worn-out approximation can point nowhere; steepest descent is the last resort.
      inverse.reset();
    } else {
      break;
    }
  }
  return {
    point: Float64Array.from(search.point),
    value: search.value,
    gradientNorm: search.gradientNorm(),
    iterations,
    converged,
  };
}

/** BFGS's approximation H of the inverse Hessian, as a dense symmetric matrix. */
class InverseHessian {
  updated = false;
  private readonly matrix: Float64Array;

  constructor(private readonly size: number) {
    this.matrix = new Float64Array(size * size);
    this.setIdentity(1);
  }

  reset(): void {
    this.updated = false;
    this.setIdentity(1);
  }

  /** -H g */
  direction(gradient: Float64Array): Float64Array {
    return this.times(gradient).map((value) => -value);
  }

  /** H+ = (I - s y'/y's) H (I - y s'/y's) + s s'/y's (equation 6.17); left alone where y's is lost in rounding. */
  update(step: Float64Array, gradientChange: Float64Array): void {
    const curvature = dot(step, gradientChange);
    if (!(curvature > 1e-14 * norm(step) * norm(gradientChange))) return;
    if (!this.updated) this.setIdentity(curvature / dot(gradientChange, gradientChange));
    this.updated = true;
    const product = this.times(gradientChange);
    const scale = (1 + dot(gradientChange, product) / curvature) / curvature;
    for (let row = 0; row < this.size; row += 1) {
      for (let column = 0; column < this.size; column += 1) {
        const cross = step[row]! * product[column]! + product[row]! * step[column]!;
        this.matrix[row * this.size + column]! += scale * step[row]! * step[column]! - cross / curvature;
      }
    }
  }

  private times(vector: Float64Array): Float64Array {
    return vector.map((_, row) => dot(this.matrix.subarray(row * this.size, (row + 1) * this.size), vector));
  }

  private setIdentity(scale: number): void {
    this.matrix.fill(0);
    for (let index = 0; index < this.size; index += 1) this.matrix[index * (this.size + 1)] = scale;
  }
}

/** Options of {@link minimizeFromMany}. */
export interface MultiStartOptions extends MinimizeOptions {
  /** Only this many starts, those of lowest value, are minimized from; by default all of them. */
  readonly finish?: number | undefined;
}

/** The lowest minimum found from many starts. */
export interface BestMinimum extends Minimum {
  /** Starts given. */
  readonly starts: number;
  /** Starts minimized from. */
  readonly finished: number;
  /** How many of them ended at the lowest value, to a relative 1e-6: one alone is a warning sign. */
  readonly agreeing: number;
}

/**
 * Minimizes from many starts and keeps the lowest minimum.
 *
 * @param starts points to start from; those where the objective is not finite are passed over
 * @throws Error when there is no start, or none where the objective is finite
 */
export function minimizeFromMany(
  objective: Objective,
  starts: Iterable<ArrayLike<number>>,
  options: MultiStartOptions = {},
): BestMinimum {
  checkKeys('minimizeFromMany', options, ['maxIterations', 'gradientTolerance', 'valueTolerance', 'finish']);
  const { finish, ...minimizeOptions } = options;
  if (finish !== undefined) checkWhole('minimizeFromMany', 'finish', finish, 1);
  const valued = [...starts].map((start) => ({
    start,
    value: objective(Float64Array.from(start), new Float64Array(start.length)),
  }));
  const usable = valued.filter(({ value }) => Number.isFinite(value)).sort((a, b) => a.value - b.value);
  if (usable.length === 0) {
    throw new Error(
      valued.length === 0
        ? 'minimizeFromMany: needs at least one start'
        : `minimizeFromMany: the objective is not finite at any of the ${valued.length} starts`,
    );
  }
  const minima = usable
    .slice(0, finish ?? usable.length)
    .map(({ start }) => minimize(objective, start, minimizeOptions));
  const best = leastBy(minima, ({ value }) => value);
  // An exact fit ends at rounding noise around 0, so the lowest start gives the scale there.
  const equal = 1e-6 * Math.abs(best.value) + 1e-12 * Math.abs(usable[0]!.value);
  const agreeing = minima.filter(({ value }) => value - best.value <= equal).length;
  return { ...best, starts: valued.length, finished: minima.length, agreeing };
}

/**
 * Every combination of the values of each parameter, the last parameter varying fastest.
 *
 * @param values the values to try, by parameter
 */
export function gridStarts(values: readonly (readonly number[])[]): number[][] {
  return values.reduce<number[][]>(
    (points, choices) => points.flatMap((point) => choices.map((choice) => [...point, choice])),
    [[]],
  );
}
