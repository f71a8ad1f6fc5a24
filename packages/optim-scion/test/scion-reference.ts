import type { ReferenceStep } from '@steepest/optimizer-testing';

type Matrix = number[][];

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const flipped = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const scaled = (a: Matrix, factor: number): Matrix => a.map((row) => row.map((x) => factor * x));

/** Newton-Schulz of Jordan et al. 2024, as X (a + b Y + c Y^2) with Y = X^T X. */
function orthogonalized(matrix: Matrix, iterations: number): Matrix {
  const isTall = matrix.length > matrix[0]!.length;
  let x = scaled(isTall ? flipped(matrix) : matrix, 1 / (Math.hypot(...matrix.flat()) + 1e-7));
  for (let iteration = 0; iteration < iterations; iteration++) {
    const cubed = times(x, times(flipped(x), x));
    const fifth = times(cubed, times(flipped(x), x));
    x = x.map((row, i) => row.map((e, j) => 3.4445 * e - 4.775 * cubed[i]![j]! + 2.0315 * fifth[i]![j]!));
  }
  return isTall ? flipped(x) : x;
}

const rms = (x: readonly number[]): number => Math.sqrt(x.reduce((sum, e) => sum + e * e, 0) / x.length);

// biome-ignore lint/suspicious/noExplicitAny: the options of the rule under test
function lmo(matrix: Matrix, options: any): Matrix {
  const [outputs, inputs] = [matrix.length, matrix[0]!.length];
  const { norm, normalized, floorAtOne, newtonSchulzSteps } = options;
  switch (norm) {
    case 'spectral': {
      const factor = Math.sqrt(normalized === false ? outputs : outputs / inputs);
      return scaled(orthogonalized(matrix, newtonSchulzSteps), floorAtOne ? Math.max(1, factor) : factor);
    }
    case 'sign':
      return matrix.map((row) =>
        row.map((x) => (normalized === false ? Math.sign(x) : Math.sign(x) / inputs)),
      );
    case 'rowNorm':
      return matrix.map((row) => {
        const length = Math.hypot(...row) * (normalized === false ? 1 : Math.sqrt(inputs));
        return row.map((x) => x / (length + 1e-8));
      });
    default: // Columns, of which there is one in a vector.
      return flipped(
        flipped(matrix).map((column) => {
          const size = rms(column) * (norm === 'colNorm' && normalized === true ? inputs : 1);
          return column.map((x) => x / (size + 1e-8));
        }),
      );
  }
}

/** Scion on nested arrays: algorithms 1 and 2 of Pethick et al. 2025. */
export const scionReference: ReferenceStep = ({ parameter, gradient, shape, state, options }) => {
  const { learningRate, alpha, scale } = options;
  state.momentum ??= new Float64Array(parameter.length);
  const { momentum } = state;
  for (const [i, g] of gradient.entries()) momentum[i] = (1 - alpha) * momentum[i]! + alpha * g;

  const isKernel = shape.length > 2 && (options.norm === 'auto' || options.norm === 'spectralConv');
  const usual = shape.length < 2 ? 'biasRms' : 'spectral';
  const norm = options.norm === 'auto' || isKernel ? usual : options.norm;
  const rows = shape[0] ?? 1;
  const columns = parameter.length / rows;
  const matrix = Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => momentum[i * columns + j]!),
  );
  const chosen = { ...options, norm };
  let point = options.transpose ? flipped(lmo(flipped(matrix), chosen)) : lmo(matrix, chosen);
  if (isKernel) {
    const [outputs, inputs, k] = shape as readonly [number, number, number];
    point = scaled(
      orthogonalized(matrix, options.newtonSchulzSteps),
      Math.sqrt(outputs / inputs) / k ** (shape.length - 2),
    );
  }
  for (const [i, x] of point.flat().entries()) parameter[i]! -= learningRate * scale * x;
};
