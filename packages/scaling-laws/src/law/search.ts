import { decorrelate } from '../fitting/decorrelate.ts';
import { identifiability } from '../fitting/identifiability.ts';
import { type LogPrediction, linearized, logHuberObjective, type Prior } from '../fitting/log-huber.ts';
import { gridStarts, type MultiStartOptions, minimize, minimizeFromMany } from '../fitting/minimize.ts';
import { rangeOf } from '../fitting/numbers.ts';
import { positiveLeastSquares } from '../fitting/positive-least-squares.ts';

/** How a constant is searched for. */
export interface SearchedConstant {
  /** On which scale; by default `log`, for constants that are positive. */
  readonly scale?: 'log' | 'plain' | undefined;
  /** What it usually is and by which factor it varies, for a weak prior where the option `typicalExponents` asks for it. */
  readonly typical?: readonly [value: number, factor: number] | undefined;
}

/** A search for the constants that make the sum of Huber losses of log loss least. */
export interface LawSearch<Name extends string, Row> extends MultiStartOptions {
  readonly constants: Readonly<Record<Name, SearchedConstant>>;
  /** Log of the loss of a row, with its derivatives, by the constants on their scales and in their order. */
  readonly predict: LogPrediction<Row>;
  /** Residual of log loss beyond which a row counts linearly. */
  readonly delta: number;
  /** How many errors of `delta` in every row it costs to be a factor off what is typical; by default 0. */
  readonly typicalExponents?: number | undefined;
}

/** Starts searched from, below which it says nothing that one alone reached the lowest objective. */
const enoughToAgree = 5;

/** Searches from many starts by BFGS, in coordinates that change the predictions of the rows independently of each other. */
export function searchLaw<Name extends string, Row extends { readonly loss: number }>(
  rows: readonly Row[],
  starts: readonly Readonly<Record<NoInfer<Name>, number>>[],
  { constants: specs, predict, delta, typicalExponents = 0, ...options }: LawSearch<Name, Row>,
) {
  const names = Object.keys(specs) as Name[];
  const isLog = (name: Name) => specs[name].scale !== 'plain';
  const constantsAt = (point: Float64Array) =>
    Object.fromEntries(
      names.map((name, index) => [name, isLog(name) ? Math.exp(point[index]!) : point[index]!]),
    ) as Record<Name, number>;
  const problem = { observed: ({ loss }: Row) => loss, predict, delta };
  const errors = logHuberObjective(rows, problem);
  const errorsAt = (point: Float64Array) => errors(point, new Float64Array(point.length));
  const points = starts.map((start) =>
    Float64Array.from(names, (name) => (isLog(name) ? logOf(start[name]) : start[name])),
  );
  const values = points.map(errorsAt);
  const lowest = points[values.indexOf(rangeOf(values.filter(Number.isFinite)).low)] ?? points[0]!;
  const along = decorrelate(linearized(rows, problem, lowest).jacobian);
  const objective = (sample: readonly Row[]) => {
    const priors = priorsOf(Object.values(specs), typicalExponents * sample.length);
    return along.objective(logHuberObjective(sample, { ...problem, priors }));
  };
  const best = minimizeFromMany(objective(rows), points.map(along.from), options);
  const point = along.to(best.point);
  const constants = constantsAt(point);
  const { jacobian, residuals } = linearized(rows, problem, point);
  const parameters = names.map((name) => ({ name, value: constants[name], logarithmic: isLog(name) }));
  // The digits that matter in a constant with a standard error of several percent.
  const rough = { gradientTolerance: 1e-7, valueTolerance: 1e-9 };
  return {
    constants,
    /** The sum of Huber losses, without priors. */
    objective: errorsAt(point),
    /** What the rows cannot tell about the constants, and how the search ended. */
    warnings: [
      ...identifiability(jacobian, parameters, residuals, { delta }).warnings,
      ...(best.agreeing === 1 && best.finished >= enoughToAgree
        ? [
            `only one of ${best.finished} starts reached the lowest objective: it may not be the lowest there is`,
          ]
        : []),
      ...(best.converged ? [] : ['the search did not converge: the constants are not at a minimum']),
    ],
    /** The constants of a resample of the rows. */
    again: (sample: readonly Row[]) =>
      constantsAt(along.to(minimize(objective(sample), best.point, rough).point)),
  };
}

/** Of a constant that another search sent to 0 or without bound, from whose logarithm no search could start. */
function logOf(constant: number): number {
  return Math.log(Math.min(Number.MAX_VALUE, Math.max(Number.MIN_VALUE, constant)));
}

/** @param points see {@link Prior} */
function priorsOf(specs: readonly SearchedConstant[], points: number): Prior[] {
  if (points === 0) return [];
  return specs.flatMap(({ typical, scale }, coordinate) => {
    if (typical === undefined) return [];
    const [value, factor] = typical;
    const [center, spread] =
      scale === 'plain' ? [value, value * (1 - 1 / factor)] : [Math.log(value), Math.log(factor)];
    return [{ coordinate, center, spread, points }];
  });
}

/**
 * Starts on a grid of some constants; the others, all on a log scale, in which the loss is linear, by least squares at each of
 * its points.
 */
export function linearStarts<Name extends string, Row extends { readonly loss: number }>(
  rows: readonly Row[],
  { constants, predict }: Pick<LawSearch<Name, Row>, 'constants' | 'predict'>,
  grid: Readonly<Partial<Record<NoInfer<Name>, readonly number[]>>>,
): Record<Name, number>[] {
  const names = Object.keys(constants) as Name[];
  const held = names.filter((name) => grid[name] !== undefined);
  const linear = names.filter((name) => grid[name] === undefined);
  const losses = rows.map(({ loss }) => loss);
  return gridStarts(held.map((name) => grid[name]!)).map((values) => {
    const at = new Map(held.map((name, index) => [name, values[index]!]));
    const point = Float64Array.from(names, (name) => {
      const value = at.get(name) ?? 1;
      return constants[name].scale === 'plain' ? value : Math.log(value);
    });
    // Where a constant is 1, the derivative by its log is its term.
    const gradients = rows.map((row) => {
      const gradient = new Float64Array(names.length);
      const loss = Math.exp(predict(row, point, gradient));
      return gradient.map((slope) => slope * loss);
    });
    const columns = linear.map((name) => gradients.map((gradient) => gradient[names.indexOf(name)]!));
    positiveLeastSquares(columns, losses).forEach((value, index) => {
      at.set(linear[index]!, value);
    });
    return Object.fromEntries(at) as Record<Name, number>;
  });
}
