import { quantile } from '@steepest/statistics';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { dot, norm } from './numbers.ts';

/** A fitted parameter, as {@link identifiability} judges it. */
export interface ParameterAtFit {
  readonly name: string;
  /** In the unit that users know it by. */
  readonly value: number;
  /** Whether the column of the Jacobian is for the logarithm of the value. */
  readonly logarithmic?: boolean | undefined;
}

/** Standard deviation of a normal distribution over its median absolute deviation. */
const normalDeviation = 1.4826;
/** Variance of a median over that of a mean of normal numbers: what a Huber loss of small delta costs. */
const medianVariance = Math.PI / 2;

/** What the data can say about the parameters of a fit. */
export interface Identifiability {
  /** Of each parameter, in the coordinates of the Jacobian; `Infinity` where the data do not determine it. */
  readonly standardErrors: readonly number[];
  /** One sentence for each parameter, or group of parameters, that the data cannot identify. */
  readonly warnings: readonly string[];
}

/** Ratio of singular values, with columns of unit length, below which a direction counts as undetermined. */
const nullRatio = 1e-6;
/** Share of such a direction from which a parameter takes part in it. */
const takesPart = 0.2;
/** Standard error of a logarithm, or relative to the value, beyond which a parameter is called poorly determined. */
const largeError = 0.5;
/** Factor beyond which a parameter is called not determined at all. */
const hopeless = 1e6;

/**
 * Judges whether the data identify the parameters of a fit, from the Jacobian at its minimum.
 *
 * Standard errors are those of least squares; with `delta` those of Huber's loss on normal residuals (Huber 1964), from a
 * scale that outliers do not move: the median absolute residual, and pi/2 times its square where delta is smaller.
 *
 * @param jacobian derivative of each row's log prediction with respect to each parameter
 * @param residuals log prediction - log observed of each row
 * @param options `delta` of the Huber loss that was minimized
 */
export function identifiability(
  jacobian: readonly ArrayLike<number>[],
  parameters: readonly ParameterAtFit[],
  residuals: ArrayLike<number>,
  options: { readonly delta?: number } = {},
): Identifiability {
  const [rows, columns] = [jacobian.length, parameters.length];
  if (rows <= columns) {
    const few = `${rows} points cannot determine ${columns} parameters and leave a rest to judge the fit by`;
    return { standardErrors: parameters.map(() => Number.POSITIVE_INFINITY), warnings: [few] };
  }
  const warnings: string[] = [];
  const lengths = parameters.map((_, column) => norm(jacobian.map((row) => row[column]!)));
  const scaled = new Matrix(
    jacobian.map((row) => Array.from(row, (value, column) => value / (lengths[column]! || 1))),
  );
  const decomposition = new SingularValueDecomposition(scaled, {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: true,
  });
  const { diagonal: singular, rightSingularVectors: directions } = decomposition;
  const undetermined = singular.map((value) => !(value > nullRatio * singular[0]!));
  undetermined.forEach((isNull, index) => {
    if (!isNull) return;
    const names = parameters.flatMap(({ name }, row) =>
      Math.abs(directions.get(row, index)) >= takesPart ? [name] : [],
    );
    warnings.push(
      names.length === 1
        ? `the data say nothing about ${names[0]}: the predictions do not depend on it`
        : `the data cannot tell ${names.join(', ')} apart: they can change together without changing a prediction`,
    );
  });
  const variance = residualVariance(residuals, columns, options.delta);
  const standardErrors = parameters.map((_, row) => {
    const sum = singular.reduce((total, value, index) => {
      const share = directions.get(row, index);
      if (undetermined[index]) return Math.abs(share) >= takesPart ? Number.POSITIVE_INFINITY : total;
      return total + (share / value) ** 2;
    }, 0);
    return lengths[row] === 0 ? Number.POSITIVE_INFINITY : Math.sqrt(variance * sum) / lengths[row]!;
  });
  warnings.push(...parameters.flatMap((parameter, row) => errorWarning(parameter, standardErrors[row]!)));
  return { standardErrors, warnings };
}

/** Variance that, times (J'J)^-1, gives the covariance of the estimates. */
function residualVariance(residuals: ArrayLike<number>, columns: number, delta?: number): number {
  const all = Array.from(residuals);
  if (delta === undefined) return dot(all, all) / (all.length - columns);
  // A Huber fit passes through as many points as it has parameters when delta is small; they say nothing of the scatter.
  const sizes = all
    .map(Math.abs)
    .sort((a, b) => a - b)
    .slice(columns);
  const deviation = normalDeviation * quantile(sizes, 0.5);
  return deviation ** 2 * (delta < deviation ? medianVariance : 1);
}

function errorWarning({ name, value, logarithmic = false }: ParameterAtFit, error: number): string[] {
  if (!Number.isFinite(error)) return [];
  if (logarithmic) {
    if (error <= largeError) return [];
    const factor = Math.exp(1.96 * error);
    if (factor > hopeless) return [`${name} is not determined by the data`];
    return [
      `${name} is poorly determined: with 95 % confidence only to a factor of ${factor.toPrecision(2)}`,
    ];
  }
  if (error <= largeError * Math.abs(value)) return [];
  return [
    `${name} is poorly determined: ${value.toPrecision(3)} with a standard error of ${error.toPrecision(2)}`,
  ];
}
