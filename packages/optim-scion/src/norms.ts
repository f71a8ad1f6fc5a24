import { frobeniusNorm, jordanCoefficients, newtonSchulz } from '@steepest/matrix-rules';
import {
  add,
  div,
  type Expression,
  mul,
  type ParameterInfo,
  type Shape,
  sign,
  transform,
} from '@steepest/optimizer';

/**
 * The norm under which a parameter descends.
 *
 * - `spectral`: of a matrix, its largest singular value; `spectralConv` the same of a kernel [outputs, inputs, k] or
 *   [outputs, inputs, k, k].
 * - `sign`: the largest element of a matrix; `colNorm` and `rowNorm`: the longest column or row.
 * - `biasRms`: the root mean square over the first axis, for vectors.
 * - `auto`: `biasRms` of up to one axis, `spectral` of two, `spectralConv` of three and four.
 */
export type ScionNorm = 'auto' | 'spectral' | 'spectralConv' | 'sign' | 'biasRms' | 'colNorm' | 'rowNorm';

/** The settings that choose the step of a parameter. */
export interface NormSettings {
  readonly norm: ScionNorm;
  readonly normalized: boolean | 'auto';
  readonly floorAtOne: boolean;
  readonly transpose: boolean;
  readonly newtonSchulzSteps: number;
}

type ChosenNorm = Exclude<ScionNorm, 'auto'>;

/** Keeps a division by the norm of zeros finite. */
const normEpsilon = 1e-8;
const newtonSchulzEpsilon = 1e-7;

/** How many axes a norm takes. */
const axesOf: Readonly<Record<ChosenNorm, (axes: number) => boolean>> = {
  spectral: (axes) => axes === 2,
  spectralConv: (axes) => axes === 3 || axes === 4,
  sign: (axes) => axes === 2,
  colNorm: (axes) => axes === 2,
  rowNorm: (axes) => axes === 2,
  biasRms: () => true,
};

/** The norm of a parameter. @throws Error if it has another number of axes than its norm takes */
export function normOf({ name, shape }: ParameterInfo, { norm }: NormSettings): ChosenNorm {
  const axes = shape.length;
  const chosen = norm === 'auto' ? (['biasRms', 'biasRms', 'spectral'] as const)[axes] : norm;
  const found = chosen ?? 'spectralConv';
  if (axesOf[found](axes)) return found;
  const wanted = found === 'spectralConv' ? 'kernels with three or four axes' : 'matrices';
  throw new Error(
    `scion's norm ${found} is for ${wanted}, and "${name}" has shape [${shape.join(', ')}]; ` +
      "give it another in a group, such as norm: 'biasRms'",
  );
}

/** The shape a norm sees a parameter in: kernels as matrices, and a number as a vector. */
export function viewOf(info: ParameterInfo, settings: NormSettings): Shape {
  const { shape, size } = info;
  if (shape.length === 0) return [1];
  return normOf(info, settings) === 'spectralConv' ? [shape[0]!, size / (shape[0]! || 1)] : shape;
}

/**
 * The point of the unit ball of a norm that lies farthest along a direction `x`, up to rounding; 0 for a direction of zeros.
 *
 * Pethick et al. 2025, arXiv 2502.07529, tables 2 to 4, as the authors' code has them.
 */
export function farthestPoint(x: Expression, info: ParameterInfo, settings: NormSettings): Expression {
  const norm = normOf(info, settings);
  switch (norm) {
    case 'spectral':
    case 'spectralConv': {
      const coefficients = Array.from({ length: settings.newtonSchulzSteps }, () => jordanCoefficients);
      const orthogonal = transform(newtonSchulz(x.shape!, { coefficients }), [x], [newtonSchulzEpsilon]);
      return mul(orthogonal, spectralFactor(norm, info.shape, settings));
    }
    case 'sign':
      return settings.normalized === false ? sign(x) : div(sign(x), inputsOf(info.shape, settings));
    case 'colNorm': {
      const [rows, columns] = orientation(info.shape, settings);
      const scale = (settings.normalized === true ? columns : 1) / Math.sqrt(rows);
      return divided(x, settings.transpose ? 1 : 0, scale);
    }
    case 'rowNorm': {
      const [, columns] = orientation(info.shape, settings);
      return divided(x, settings.transpose ? 0 : 1, settings.normalized === false ? 1 : Math.sqrt(columns));
    }
    case 'biasRms':
      return divided(x, 0, 1 / Math.sqrt(x.shape![0]!));
  }
}

/** `x` by its 2-norm along an axis, times a scale, and epsilon. */
function divided(x: Expression, axis: number, scale: number): Expression {
  return div(x, add(mul(frobeniusNorm(x, [axis]), scale), normEpsilon));
}

/** Rows and columns of a matrix, or of its transpose. */
function orientation([rows, columns]: Shape, { transpose }: NormSettings): readonly [number, number] {
  return transpose ? [columns!, rows!] : [rows!, columns!];
}

const inputsOf = (shape: Shape, settings: NormSettings): number => orientation(shape, settings)[1];

/** What an orthogonal matrix is multiplied by. */
function spectralFactor(norm: 'spectral' | 'spectralConv', shape: Shape, settings: NormSettings): number {
  if (norm === 'spectralConv') {
    const [outputs, inputs, kernel] = shape as readonly number[];
    return Math.sqrt(outputs! / inputs!) / kernel! ** (shape.length - 2);
  }
  const [outputs, inputs] = orientation(shape, settings);
  const factor = settings.normalized === false ? Math.sqrt(outputs) : Math.sqrt(outputs / inputs);
  return settings.floorAtOne ? Math.max(1, factor) : factor;
}
