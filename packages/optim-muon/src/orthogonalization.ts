import {
  jordanCoefficients,
  type NewtonSchulzOptions,
  type QuinticCoefficients,
} from '@steepest/matrix-rules';
import type { SettingSpec } from '@steepest/optimizer';

/**
 * The polynomials of Newton-Schulz: those of Jordan et al., those of the Polar Express, or own ones, one triple for all
 * iterations or one for each. An iteration beyond the list repeats the last.
 */
export type Coefficients = 'quintic' | 'polarExpress' | QuinticCoefficients | readonly QuinticCoefficients[];

/**
 * Amsel et al. 2025, arXiv 2505.16932, algorithm 1 for singular values from 1e-3 on, as rounded in the authors' code: a
 * safety factor of 1.02, by which the norm is multiplied too, is in all triples but the last.
 */
const polarExpressCoefficients: readonly QuinticCoefficients[] = [
  [8.156554524902461, -22.48329292557795, 15.878769915207462],
  [4.042929935166739, -2.808917465908714, 0.5000178451051316],
  [3.8916678022926607, -2.772484153217685, 0.5060648178503393],
  [3.285753657755655, -2.3681294933425376, 0.46449024233003106],
  [2.3465413258596377, -1.7097828382687081, 0.42323551169305323],
];

const isTriple = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 3 && value.every((x) => Number.isFinite(x));

/** The setting `coefficients`. */
export const coefficientsSetting: SettingSpec<Coefficients> = {
  default: 'quintic',
  description: 'Polynomials of Newton-Schulz: quintic, polarExpress, a triple [a, b, c] or a list of triples',
  check: (value) =>
    value === 'quintic' ||
    value === 'polarExpress' ||
    isTriple(value) ||
    (Array.isArray(value) && value.length > 0 && value.every(isTriple))
      ? undefined
      : "must be 'quintic', 'polarExpress', three finite numbers [a, b, c] or a list of such triples",
};

/** How to orthogonalize under the settings of a group. */
export function orthogonalization(settings: {
  readonly coefficients: Coefficients;
  readonly newtonSchulzSteps: number;
  readonly epsilonMode: 'added' | 'floor';
}): NewtonSchulzOptions {
  const triples = triplesOf(settings.coefficients);
  return {
    coefficients: Array.from(
      { length: settings.newtonSchulzSteps },
      (_, index) => triples[index] ?? triples.at(-1)!,
    ),
    normFactor: settings.coefficients === 'polarExpress' ? 1.02 : 1,
    epsilonMode: settings.epsilonMode,
  };
}

function triplesOf(coefficients: Coefficients): readonly QuinticCoefficients[] {
  if (coefficients === 'quintic') return [jordanCoefficients];
  if (coefficients === 'polarExpress') return polarExpressCoefficients;
  return isTriple(coefficients)
    ? [coefficients as QuinticCoefficients]
    : (coefficients as readonly QuinticCoefficients[]);
}
