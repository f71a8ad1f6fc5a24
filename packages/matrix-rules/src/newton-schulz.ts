import type { Float64Tensor, Shape, TensorTransform } from '@steepest/optimizer';
import { canRunKernel, newtonSchulzKernel, runKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';
import { batched } from './batched.ts';
import { product, transposed } from './float64-matrices.ts';
import { tensorProduct } from './tensor-product.ts';

/** Coefficients of the odd quintic `a x + b x^3 + c x^5` that an iteration applies to the singular values. */
export type QuinticCoefficients = readonly [a: number, b: number, c: number];

/** How a matrix is orthogonalized. */
export interface NewtonSchulzOptions {
  /** One triple per iteration. Default: five times {@link jordanCoefficients}. */
  readonly coefficients?: readonly QuinticCoefficients[] | undefined;
  /** The norm that a matrix is divided by is multiplied by this first. Default 1. */
  readonly normFactor?: number | undefined;
  /** Epsilon is `added` to the norm (the default), or is its `floor`: the norm counts as no smaller. */
  readonly epsilonMode?: 'added' | 'floor' | undefined;
}

/** Jordan et al. 2024: steep at zero, with singular values ending between 0.68 and 1.21. */
export const jordanCoefficients: QuinticCoefficients = [3.4445, -4.775, 2.0315];

/** Where the largest element of a matrix is smaller, the matrix is all but zero compared with epsilon. */
const smallestScale = 1e-30;

/** GPUs flush smaller numbers to 0. */
const smallestEpsilon = 2 ** -126;

/**
 * Newton-Schulz iteration, which brings the singular values of a matrix near 1 and keeps its singular vectors:
 * `X = M / (|M| + epsilon)`, then for each triple of coefficients `X = a X + (b A + c A A) X` with `A = X X^T`.
 *
 * Input: the matrix, or a batch of matrices over the last two of three axes. Scalar: epsilon. Each matrix is first divided
 * by its largest element, which changes nothing but that the squares in its norm stay within float32.
 *
 * Jordan et al. 2024, https://kellerjordan.github.io/posts/muon; other coefficients: Amsel et al. 2025, arXiv 2505.16932.
 */
export function newtonSchulz(shape: Shape, options: NewtonSchulzOptions = {}): TensorTransform {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const iteration: Iteration = {
    coefficients: options.coefficients ?? new Array<QuinticCoefficients>(5).fill(jordanCoefficients),
    normFactor: options.normFactor ?? 1,
    epsilonMode: options.epsilonMode ?? 'added',
    isTall: rows > columns,
  };
  return batched({
    name: 'newtonSchulz',
    shape,
    options: iteration,
    onBatch: ([matrices], [epsilon]) => {
      const x = tf.reshape(matrices!, [-1, rows, columns]);
      return tf.reshape(orthogonalizedTensor(x, epsilon!, iteration), matrices!.shape);
    },
    inFloat64: ([matrices], [epsilon]) => orthogonalizedArrays(matrices!, epsilon!, rows, columns, iteration),
  });
}

interface Iteration {
  readonly coefficients: readonly QuinticCoefficients[];
  readonly normFactor: number;
  readonly epsilonMode: 'added' | 'floor';
  /** A is the smaller of the two products of X and its transpose. It is symmetric, so a tall X takes it from the right. */
  readonly isTall: boolean;
}

function orthogonalizedTensor(matrices: tf.Tensor, epsilon: number, iteration: Iteration): tf.Tensor {
  const { coefficients, normFactor, epsilonMode, isTall } = iteration;
  if (canRunKernel(newtonSchulzKernel, { x: matrices })) {
    return runKernel(newtonSchulzKernel, { x: matrices }, { coefficients, normFactor, epsilon, epsilonMode })
      .y;
  }
  const scale = tf.maximum(tf.max(tf.abs(matrices), [-2, -1], true), smallestScale);
  const scaled = tf.div(matrices, scale);
  const norm = tf.mul(tf.sqrt(tf.sum(tf.mul(scaled, scaled), [-2, -1], true)), normFactor);
  const scaledEpsilon = tf.div(epsilon, scale);
  const divisor = epsilonMode === 'floor' ? tf.maximum(norm, scaledEpsilon) : tf.add(norm, scaledEpsilon);
  // Without an epsilon a matrix of zeros stays one.
  let x = epsilon < smallestEpsilon ? tf.divNoNan(scaled, divisor) : tf.div(scaled, divisor);
  for (const [a, b, c] of coefficients) {
    const gram = tensorProduct(x, x, isTall ? 'left' : 'right');
    const polynomial = tf.add(tf.mul(gram, b), tf.mul(tf.matMul(gram, gram), c));
    const moved = isTall ? tf.matMul(x, polynomial) : tf.matMul(polynomial, x);
    x = tf.add(tf.mul(x, a), moved);
  }
  return x;
}

function orthogonalizedArrays(
  { data }: Float64Tensor,
  epsilon: number,
  rows: number,
  columns: number,
  iteration: Iteration,
): Float64Array {
  const result = new Float64Array(data.length);
  for (let start = 0; start < data.length; start += rows * columns) {
    const matrix = data.subarray(start, start + rows * columns);
    result.set(orthogonalizedArray(matrix, epsilon, rows, columns, iteration), start);
  }
  return result;
}

function orthogonalizedArray(
  matrix: Float64Array,
  epsilon: number,
  rows: number,
  columns: number,
  { coefficients, normFactor, epsilonMode, isTall }: Iteration,
): Float64Array {
  const norm = normFactor * Math.sqrt(matrix.reduce((sum, element) => sum + element * element, 0));
  const divisor = epsilonMode === 'floor' ? Math.max(norm, epsilon) : norm + epsilon;
  let x = matrix.map((element) => (divisor === 0 ? 0 : element / divisor));
  const length = Math.min(rows, columns);
  for (const [a, b, c] of coefficients) {
    const flipped = transposed(x, rows, columns);
    const gram = isTall ? product(flipped, x, length, rows) : product(x, flipped, length, columns);
    const squared = product(gram, gram, length, length);
    const polynomial = gram.map((element, index) => b * element + c * squared[index]!);
    const moved = isTall ? product(x, polynomial, rows, length) : product(polynomial, x, length, length);
    x = x.map((element, index) => a * element + moved[index]!);
  }
  return x;
}
