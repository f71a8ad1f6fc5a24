import { studentT } from '@steepest/statistics';
import { inverse, Matrix, QrDecomposition } from 'ml-matrix';
import { checkKeys, checkPositive, checkShare } from '../options.ts';
import { bilinear, dot, type Extent, norm, sum } from './numbers.ts';

/** What {@link fitPowerLaw} fits: positive numbers, one of each a point. */
export interface PowerLawData<Name extends string = string> {
  readonly factors: Readonly<Record<Name, readonly number[]>>;
  readonly response: readonly number[];
  /** Weight of each squared log residual, such as 1 / variance of the log; by default 1. */
  readonly weights?: readonly number[] | undefined;
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
  predict(point: Readonly<Record<Name, number>>, confidence?: number): Extent & { readonly value: number };
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
  // Centered factors keep the intercept apart from the slopes: exponents of 1e9 and 1e10 would lose digits otherwise.
  const centers = logs.map((column) => weightedMean(column, weights));
  const { degreesOfFreedom, r2, ...line } = fitLine(names, logs, centers, response.map(Math.log), weights);
  const covariance = uncentered(line.covariance, centers);
  const errors = covariance.map((row, index) => Math.sqrt(row[index]!));
  const byName = (values: readonly number[]) =>
    Object.fromEntries(names.map((name, index) => [name, values[index]])) as Record<Name, number>;
  const [middle, ...exponents] = line.solution as [number, ...number[]];
  const law = { coefficient: Math.exp(middle - dot(exponents, centers)), exponents: byName(exponents) };
  return {
    ...law,
    standardErrors: { logCoefficient: errors[0]!, exponents: byName(errors.slice(1)) },
    covariance,
    r2,
    degreesOfFreedom,
    predict(point, confidence = 0.95) {
      checkShare('predict', 'confidence', confidence);
      for (const name of names) checkPositive('power law', name, point[name]);
      const log = logValue(law, point);
      // Without degrees of freedom the points say nothing of the scatter.
      const half =
        degreesOfFreedom > 0
          ? studentT(confidence, degreesOfFreedom) * logStandardError({ ...law, covariance }, point)
          : Number.POSITIVE_INFINITY;
      return { value: Math.exp(log), low: Math.exp(log - half), high: Math.exp(log + half) };
    },
  };
}

/** A power law as plain data, such as a saved one. */
interface PlainPowerLaw<Name extends string> {
  readonly coefficient: number;
  readonly exponents: Readonly<Partial<Record<Name, number>>>;
}

/** The log of a power law at a point. */
export function logValue<Name extends string>(
  { coefficient, exponents }: PlainPowerLaw<Name>,
  point: Readonly<Record<Name, number>>,
): number {
  const factors = Object.entries<number>(exponents as Readonly<Record<Name, number>>);
  return factors.reduce(
    (log, [name, exponent]) => log + exponent * Math.log(point[name as Name]),
    Math.log(coefficient),
  );
}

/** Standard error of the log of a power law at a point. */
export function logStandardError<Name extends string>(
  { exponents, covariance }: PlainPowerLaw<Name> & Pick<PowerLaw, 'covariance'>,
  point: Readonly<Record<Name, number>>,
): number {
  const terms = [1, ...(Object.keys(exponents) as Name[]).map((name) => Math.log(point[name]))];
  return Math.sqrt(Math.max(0, bilinear(terms, covariance, terms)));
}

/** A line in centered logarithms: its intercept and slopes, with what is known of them. */
function fitLine(
  names: readonly string[],
  logs: readonly (readonly number[])[],
  centers: readonly number[],
  target: readonly number[],
  weights: readonly number[],
) {
  const rows = target.map((_, row) => [1, ...logs.map((column, index) => column[row]! - centers[index]!)]);
  const roots = weights.map(Math.sqrt);
  const design = new Matrix(rows).mulColumnVector(roots);
  const decomposition = new QrDecomposition(design);
  requireIndependent(design, decomposition, names);
  const solution = decomposition.solve(Matrix.columnVector(target).mulColumnVector(roots)).to1DArray();
  const squares = sum(target.map((value, row) => weights[row]! * (value - dot(rows[row]!, solution)) ** 2));
  const middle = weightedMean(target, weights);
  const spread = sum(target.map((value, row) => weights[row]! * (value - middle) ** 2));
  const degreesOfFreedom = target.length - solution.length;
  return {
    ...{ solution, degreesOfFreedom, r2: 1 - squares / spread },
    // Without degrees of freedom the points say nothing of the scatter.
    covariance:
      degreesOfFreedom > 0
        ? Matrix.mul(inverse(design.transpose().mmul(design)), squares / degreesOfFreedom)
        : Matrix.zeros(design.columns, design.columns).fill(Number.POSITIVE_INFINITY),
  };
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
function requireIndependent(
  design: Matrix,
  { upperTriangularMatrix }: QrDecomposition,
  names: readonly string[],
): void {
  // The roots of the weights, of which only the ratios matter.
  const ofOnes = norm(design.getColumn(0));
  names.forEach((name, index) => {
    const size = norm(design.getColumn(index + 1));
    if (size <= 1e-9 * ofOnes) {
      throw new Error(`fitPowerLaw: ${name} does not vary, so its exponent cannot be found`);
    }
    // What is left of a column beside those before it is on the diagonal.
    if (Math.abs(upperTriangularMatrix.get(index + 1, index + 1)) <= 1e-9 * size) {
      throw new Error(
        `fitPowerLaw: ${name} is a power law of ${names.slice(0, index).join(', ')} at these points, ` +
          'so their exponents cannot be told apart',
      );
    }
  });
}

/** Covariance of the coefficients of uncentered factors: the intercept moves by -center * exponent. */
function uncentered(centered: Matrix, centers: readonly number[]): number[][] {
  if (!Number.isFinite(centered.get(0, 0))) return centered.to2DArray();
  const transform = Matrix.eye(centered.rows);
  centers.forEach((center, index) => {
    transform.set(0, index + 1, -center);
  });
  return transform.mmul(centered).mmul(transform.transpose()).to2DArray();
}

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  return dot(weights, values) / sum(weights);
}
