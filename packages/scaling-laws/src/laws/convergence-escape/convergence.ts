import { type LeastHuber, logHuberObjective, type Prior } from '../../fitting/log-huber.ts';
import { gridStarts, type Minimum, minimize, minimizeFromMany } from '../../fitting/minimize.ts';
import { geometricMean, rangeOf } from '../../fitting/numbers.ts';
import { positiveLeastSquares } from '../../fitting/positive-least-squares.ts';
import { identifiabilityWarnings } from '../../law/fit-warnings.ts';
import type { RunCourse } from './schedule-run.ts';

/**
 * The part of the convergence-escape law that predicts the final loss, from how a stochastic differential equation of
 * training converges:
 *
 * `L = E + F (N / N0)^(-1/3) + A S^-alpha + V (B0 / B) sum over k of lr_k^2 (1 + S_k / c)^-b`
 *
 * - `S = sum over k of lr_k / (1 + (lr_k / edge)^2)`: how far the drift has carried the run. Well above the stability edge
 *   a step goes back and forth rather than forward. `edge = edge0 (N / N0)^-epsilon`: larger models bear smaller rates.
 * - The last sum is the noise that is left: a step adds variance in proportion to its rate squared, and the rates after it,
 *   which sum to S_k, contract that by a power, as they do the errors of a quadratic loss with a power law of curvatures.
 * - B is the tokens of a step, whose noise falls with their number. N is the model's parameters. N0, B0 are those of the
 *   runs fitted on, in the mean of logs.
 */
export interface ConvergenceParameters {
  readonly E: number;
  /** 0 where all runs are of one size. */
  readonly F: number;
  readonly A: number;
  readonly alpha: number;
  readonly V: number;
  readonly b: number;
  /** Summed rate over which noise begins to contract. */
  readonly c: number;
  readonly edge: number;
  /** 0 where all runs are of one size. */
  readonly epsilon: number;
  readonly N0: number;
  readonly B0: number;
}

/** In this order the coordinates of the search: logs, but for epsilon. */
const names = ['E', 'A', 'alpha', 'V', 'b', 'c', 'edge', 'F', 'epsilon'] as const;
type Name = (typeof names)[number];
type Constants = Readonly<Record<Name, number>>;

/** Exponent of the model's size, not fitted: sweeps of schedules rarely hold the sizes that would determine it. */
const sizeExponent = 1 / 3;

/** Sizes that the parameters refer to. */
export type Reference = Pick<ConvergenceParameters, 'N0' | 'B0'>;

/** Predicted final loss; fills the derivatives by the coordinates of the search. */
export function convergedLoss(
  constants: Constants,
  { N0, B0 }: Reference,
  run: RunCourse,
  derivatives?: Float64Array,
): number {
  const { E, A, alpha, V, b, c, edge, F, epsilon } = constants;
  const logSize = Math.log(run.parameters / N0);
  const ownEdge = edge * Math.exp(-epsilon * logSize);
  let [drift, driftByEdge, noise, noiseByB, noiseByC] = [0, 0, 0, 0, 0];
  for (let index = 0; index < run.counts.length; index++) {
    const rate = run.rates[index]!;
    const count = run.counts[index]!;
    const excess = (rate / ownEdge) ** 2;
    drift += (count * rate) / (1 + excess);
    driftByEdge += (2 * count * rate * excess) / (1 + excess) ** 2;
    const growth = run.sumsAfter[index]! / c;
    const logGrown = Math.log1p(growth);
    const left = count * rate * rate * Math.exp(-b * logGrown);
    noise += left;
    noiseByB -= left * b * logGrown;
    noiseByC += (left * b * growth) / (1 + growth);
  }
  const scale = (V * B0) / run.tokensPerStep;
  const bias = A * drift ** -alpha;
  const size = F * Math.exp(-sizeExponent * logSize);
  const byEdge = (-alpha * bias * driftByEdge) / drift;
  derivatives?.set([
    E,
    bias,
    -bias * alpha * Math.log(drift),
    scale * noise,
    scale * noiseByB,
    scale * noiseByC,
    byEdge,
    size,
    -byEdge * logSize,
  ]);
  return E + size + bias + scale * noise;
}

/** A run that ended with a loss. */
export interface Ended {
  readonly course: RunCourse;
  readonly loss: number;
}

/** A fit of the loss part. */
export interface ConvergenceFit {
  readonly parameters: ConvergenceParameters;
  readonly minimum: Minimum;
  /** How many constants were searched for. */
  readonly constants: number;
  /** What the losses cannot tell about them. */
  readonly warnings: readonly string[];
}

/** How much is believed of an exponent before seeing runs: a prior value, and how far off it may well be. */
const beliefs: Readonly<Partial<Record<Name, readonly [value: number, spread: number]>>> = {
  alpha: [Math.log(0.5), 0.7],
  b: [Math.log(1), 0.7],
  epsilon: [0.3, 0.3],
};

/**
 * Fits the loss part on runs that ended.
 *
 * @param delta residual of the log of the loss beyond which a run counts linearly
 * @param near constants of almost the same runs to start from, in place of a grid
 */
export function fitConvergence(
  runs: readonly Ended[],
  delta: number,
  near?: ConvergenceParameters,
): ConvergenceFit {
  const courses = runs.map(({ course }) => course);
  const reference: Reference = near ?? {
    N0: geometricMean(courses.map(({ parameters }) => parameters)),
    B0: geometricMean(courses.map(({ tokensPerStep }) => tokensPerStep)),
  };
  const hasSizes = courses.some(({ parameters }) => Math.abs(Math.log(parameters / reference.N0)) > 1e-9);
  const searched: readonly Name[] = hasSizes
    ? names
    : names.filter((name) => name !== 'F' && name !== 'epsilon');
  const constantsAt = (point: ArrayLike<number>) => {
    const at = (name: Name) => {
      const index = searched.indexOf(name);
      if (index < 0) return 0;
      return name === 'epsilon' ? point[index]! : Math.exp(point[index]!);
    };
    return Object.fromEntries(names.map((name) => [name, at(name)])) as Constants;
  };
  const slopes = new Float64Array(names.length);
  const problem: LeastHuber<Ended> = {
    observed: ({ loss }) => loss,
    predict: ({ course }, point, gradient) => {
      const predicted = convergedLoss(constantsAt(point), reference, course, slopes);
      searched.forEach((name, index) => {
        gradient[index] = slopes[names.indexOf(name)]! / predicted;
      });
      return Math.log(predicted);
    },
    delta,
    priors: searched.flatMap((name, coordinate): Prior[] => {
      const belief = beliefs[name];
      // As an error of delta of one run, for each spread that it is off.
      return belief === undefined ? [] : [{ coordinate, center: belief[0], spread: belief[1], points: 1 }];
    }),
  };
  const objective = logHuberObjective(runs, problem);
  const search = { maxIterations: 200, valueTolerance: 1e-7 };
  const minimum =
    near === undefined
      ? minimizeFromMany(objective, startsOf(runs, searched, reference), { finish: 4, ...search })
      : minimize(objective, pointOf(near, searched), search);
  const parameters = { ...constantsAt(minimum.point), N0: reference.N0, B0: reference.B0 };
  const named = searched.map((name) => ({
    name,
    value: parameters[name],
    logarithmic: name !== 'epsilon',
  }));
  return {
    parameters,
    minimum,
    constants: searched.length,
    warnings: identifiabilityWarnings(runs, problem, minimum.point, named),
  };
}

function pointOf(constants: Constants, searched: readonly Name[]): number[] {
  return searched.map((name) => (name === 'epsilon' ? constants[name] : Math.log(constants[name])));
}

/** A grid over what the loss is not linear in; E, A, V and F by least squares at each of its points. */
function startsOf(runs: readonly Ended[], searched: readonly Name[], reference: Reference): number[][] {
  const sums = geometricMean(runs.map(({ course }) => course.rateSum));
  const { low, high } = rangeOf(runs.map(({ course }) => course.peak));
  const linear = (['E', 'A', 'V', 'F'] as const).filter((name) => searched.includes(name));
  const slopes = new Float64Array(names.length);
  return gridStarts([
    [0.3, 0.6],
    [0.7, 1.5],
    [0.01 * sums, 0.1 * sums],
    [Math.sqrt(low * high), high, 3 * high],
  ]).map(([alpha, b, c, edge]) => {
    const held = { E: 1, A: 1, V: 1, F: 1, epsilon: 0.3, alpha: alpha!, b: b!, c: c!, edge: edge! };
    const columns = linear.map(() => [] as number[]);
    for (const { course } of runs) {
      convergedLoss(held, reference, course, slopes);
      linear.forEach((name, column) => {
        columns[column]!.push(slopes[names.indexOf(name)]!);
      });
    }
    const solved = positiveLeastSquares(
      columns,
      runs.map(({ loss }) => loss),
    );
    const start = { ...held, ...Object.fromEntries(linear.map((name, index) => [name, solved[index]!])) };
    return pointOf(start, searched);
  });
}
