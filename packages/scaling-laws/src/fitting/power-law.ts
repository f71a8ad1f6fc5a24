import { inverse, Matrix, QrDecomposition } from 'ml-matrix';
import { checkKeys, checkShare } from '../options.ts';
import { studentT } from './student-t.ts';

/** What {@link fitPowerLaw} fits: positive numbers, one of each a point. */
export interface PowerLawData<Name extends string = string> {
  readonly factors: Readonly<Record<Name, readonly number[]>>;
  readonly response: readonly number[];
  /** Weight of each squared log residual, such as 1 / variance of the log; by default 1. */
  readonly weights?: readonly number[];
}

/** response = coefficient * product of factor^exponent, with what is known of its uncertainty. */
export interface PowerLaw<Name extends string = string> {
  readonly coefficient: number;
  readonly exponents: Readonly<Record<Name, number>>;
  /** Of log coefficient and of the exponents. */
  readonly standardErrors: {
    readonly logCoefficient: number;
    readonly exponents: Readonly<Record<Name, number>>;
  };
  /** Of [log coefficient, ...exponents in the order of the factors]. */
  readonly covariance: readonly (readonly number[])[];
  /** Share of the (weighted) variance of log response explained. */
  readonly r2: number;
  readonly degreesOfFreedom: number;
  /** The law at a point, with the confidence interval of the law itself (0.95 by default), not of a new measurement. */
  predict(
    point: Readonly<Record<Name, number>>,
    confidence?: number,
  ): { readonly value: number; readonly low: number; readonly high: number };
}

/**
 * Fits a power law in one or several variables by weighted least squares on logarithms. The covariance is scaled by the
 * residuals, so only the ratios of the weights matter.
 *
 * @throws Error when a number is not positive, a factor does not vary or follows from the others, or points are too few
 */
export function fitPowerLaw<Name extends string>(data: PowerLawData<Name>): PowerLaw<Name> {
  checkKeys('fitPowerLaw', data, ['factors', 'response', 'weights']);
  const names = Object.keys(data.factors) as Name[];
  const { response, weights = response.map(() => 1) } = data;
  checkPoints(names, data, weights);
  const logs = names.map((name) => data.factors[name].map(Math.log));
  // Centred factors keep the intercept apart from the slopes: exponents of 1e9 and 1e10 would lose digits otherwise.
  const centres = logs.map((column) => weightedMean(column, weights));
  const roots = weights.map(Math.sqrt);
  const design = new Matrix(
    roots.map((root, row) => [root, ...logs.map((column, index) => root * (column[row]! - centres[index]!))]),
  );
  requireIndependent(design, names);
  const target = response.map(Math.log);
  const solution = new QrDecomposition(design)
    .solve(Matrix.columnVector(target.map((value, row) => value * roots[row]!)))
    .to1DArray();
  const degreesOfFreedom = response.length - names.length - 1;
  const residuals = target.map((value, row) => {
    const predicted = logs.reduce(
      (sum, column, index) => sum + solution[index + 1]! * (column[row]! - centres[index]!),
      solution[0]!,
    );
    return value - predicted;
  });
  const squares = weightedSquares(residuals, 0, weights);
  // Without degrees of freedom the points say nothing of the scatter.
  const variance = degreesOfFreedom > 0 ? squares / degreesOfFreedom : Number.POSITIVE_INFINITY;
  const centred = Matrix.mul(inverse(design.transpose().mmul(design)), variance);
  const exponents = solution.slice(1);
  const logCoefficient = exponents.reduce(
    (sum, exponent, index) => sum - exponent * centres[index]!,
    solution[0]!,
  );
  const covariance = uncentred(centred, centres);
  const byName = (values: readonly number[]) =>
    Object.fromEntries(names.map((name, index) => [name, values[index]])) as Record<Name, number>;
  const errors = covariance.map((row, index) => Math.sqrt(row[index]!));
  return {
    coefficient: Math.exp(logCoefficient),
    exponents: byName(exponents),
    standardErrors: { logCoefficient: errors[0]!, exponents: byName(errors.slice(1)) },
    covariance,
    r2: 1 - squares / weightedSquares(target, weightedMean(target, weights), weights),
    degreesOfFreedom,
    predict(point, confidence = 0.95) {
      checkShare('predict', 'confidence', confidence);
      const terms = [1, ...names.map((name, index) => logOf(name, point[name]) - centres[index]!)];
      const log = terms.reduce((sum, term, index) => sum + term * solution[index]!, 0);
      const spread = terms.reduce(
        (sum, a, row) =>
          sum + terms.reduce((inner, b, column) => inner + a * b * centred.get(row, column), 0),
        0,
      );
      const half =
        degreesOfFreedom > 0 ? studentT(confidence, degreesOfFreedom) * Math.sqrt(spread) : Infinity;
      return { value: Math.exp(log), low: Math.exp(log - half), high: Math.exp(log + half) };
    },
  };
}

function logOf(name: string, value: unknown): number {
  if (Number.isFinite(value) && (value as number) > 0) return Math.log(value as number);
  throw new Error(`power law: ${name} must be a positive number, got ${String(value)}`);
}

function checkPoints(names: readonly string[], data: PowerLawData, weights: readonly number[]): void {
  if (names.length === 0) throw new Error('fitPowerLaw: needs at least one factor');
  const count = data.response.length;
  const columns = [...names.map((name) => [name, data.factors[name]!] as const), ['response', data.response]];
  for (const [name, values] of [...columns, ['weights', weights]] as [string, readonly number[]][]) {
    if (values.length !== count) {
      throw new Error(`fitPowerLaw: ${name} has ${values.length} values, but response has ${count}`);
    }
    const bad = values.findIndex((value) => !(Number.isFinite(value) && value > 0));
    if (bad >= 0) {
      throw new Error(`fitPowerLaw: ${name} must be positive, got ${values[bad]} at point ${bad + 1}`);
    }
  }
  if (count < names.length + 1) {
    throw new Error(
      `fitPowerLaw: ${count} points are too few for ${names.length + 1} parameters (coefficient, ${names.join(', ')})`,
    );
  }
}

/** @throws Error naming a factor that does not vary, or that is a power law of those before it */
function requireIndependent(design: Matrix, names: readonly string[]): void {
  for (let last = 1; last < design.columns; last += 1) {
    const column = design.getColumn(last);
    const size = Math.sqrt(column.reduce((sum, value) => sum + value * value, 0));
    if (size <= 1e-9 * Math.sqrt(design.rows)) {
      throw new Error(`fitPowerLaw: ${names[last - 1]} does not vary, so its exponent cannot be found`);
    }
    if (last === 1) continue;
    const before = design.subMatrix(0, design.rows - 1, 0, last - 1);
    const rest = Matrix.sub(
      Matrix.columnVector(column),
      before.mmul(new QrDecomposition(before).solve(Matrix.columnVector(column))),
    );
    if (rest.norm('frobenius') <= 1e-9 * size) {
      throw new Error(
        `fitPowerLaw: ${names[last - 1]} is a power law of ${names.slice(0, last - 1).join(', ')} at these points, ` +
          'so their exponents cannot be told apart',
      );
    }
  }
}

/** Covariance of the coefficients of uncentred factors: the intercept moves by -centre * exponent. */
function uncentred(centred: Matrix, centres: readonly number[]): number[][] {
  const transform = Matrix.eye(centred.rows);
  centres.forEach((centre, index) => {
    transform.set(0, index + 1, -centre);
  });
  return transform.mmul(centred).mmul(transform.transpose()).to2DArray();
}

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values.reduce((sum, value, index) => sum + weights[index]! * value, 0) / total;
}

function weightedSquares(values: readonly number[], centre: number, weights: readonly number[]): number {
  return values.reduce((sum, value, index) => sum + weights[index]! * (value - centre) ** 2, 0);
}
