import type { Float64Tensor, Shape, TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';

/** Coefficients of the odd quintic `a x + b x^3 + c x^5` that each iteration applies to the singular values. */
const [a, b, c] = [3.4445, -4.775, 2.0315];
const iterations = 5;
/** Keeps the division by a zero norm finite. */
const epsilon = 1e-7;
/** Where the largest element of a matrix is smaller, the matrix is all but zero beside `epsilon`. */
const smallestScale = 1e-30;

/**
 * Newton-Schulz iteration, which brings the singular values of a matrix near 1 and keeps its singular vectors:
 * `X = M / (|M| + 1e-7)`, then five times `X = a X + (b A + c A A) X` with `A = X X^T`. A tensor with three axes is a
 * batch of matrices over its last two.
 *
 * Jordan et al. 2024, https://kellerjordan.github.io/posts/muon. Each matrix is first divided by its largest element,
 * which changes nothing but that the squares in its norm stay within float32.
 */
export function newtonSchulz(shape: Shape): TensorTransform {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return {
    name: 'newtonSchulz',
    shape,
    onTensors: ([matrices]) => orthogonalizedTensor(matrices!, rows > columns),
    inFloat64: ([matrices]) => orthogonalizedArrays(matrices!, rows, columns),
  };
}

function orthogonalizedTensor(matrices: tf.Tensor, isTall: boolean): tf.Tensor {
  const scale = tf.maximum(tf.max(tf.abs(matrices), [-2, -1], true), smallestScale);
  const scaled = tf.div(matrices, scale);
  const norm = tf.sqrt(tf.sum(tf.mul(scaled, scaled), [-2, -1], true));
  let x = tf.div(scaled, tf.add(norm, tf.div(epsilon, scale)));
  // A is the smaller of the two products. It is symmetric, so a tall X takes it from the right.
  for (let iteration = 0; iteration < iterations; iteration++) {
    const transposed = lastAxesSwapped(x);
    const gram = isTall ? tf.matMul(transposed, x) : tf.matMul(x, transposed);
    const polynomial = tf.add(tf.mul(gram, b), tf.mul(tf.matMul(gram, gram), c));
    const moved = isTall ? tf.matMul(x, polynomial) : tf.matMul(polynomial, x);
    x = tf.add(tf.mul(x, a), moved);
  }
  return x;
}

/** An explicit transpose: tfjs-backend-wasm multiplies fast only without the transposition flags of `matMul`. */
function lastAxesSwapped(x: tf.Tensor): tf.Tensor {
  return tf.transpose(x, x.rank === 2 ? [1, 0] : [0, 2, 1]);
}

function orthogonalizedArrays({ data }: Float64Tensor, rows: number, columns: number): Float64Array {
  const result = new Float64Array(data.length);
  for (let start = 0; start < data.length; start += rows * columns) {
    const matrix = data.subarray(start, start + rows * columns);
    result.set(orthogonalizedArray(matrix, rows, columns), start);
  }
  return result;
}

function orthogonalizedArray(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const isTall = rows > columns;
  const norm = Math.sqrt(matrix.reduce((sum, element) => sum + element * element, 0));
  let x = matrix.map((element) => element / (norm + epsilon));
  const length = Math.min(rows, columns);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const transposed = transpose(x, rows, columns);
    const gram = isTall ? product(transposed, x, length, rows) : product(x, transposed, length, columns);
    const squared = product(gram, gram, length, length);
    const polynomial = gram.map((element, index) => b * element + c * squared[index]!);
    const moved = isTall ? product(x, polynomial, rows, length) : product(polynomial, x, length, length);
    x = x.map((element, index) => a * element + moved[index]!);
  }
  return x;
}

/** The product of [rows, inner] and [inner, any] matrices, flat and row-major. */
function product(left: Float64Array, right: Float64Array, rows: number, inner: number): Float64Array {
  const columns = right.length / inner;
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inner; k++) {
      const factor = left[row * inner + k]!;
      for (let column = 0; column < columns; column++) {
        result[row * columns + column]! += factor * right[k * columns + column]!;
      }
    }
  }
  return result;
}

function transpose(matrix: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(
    matrix,
    (_, index) => matrix[(index % rows) * columns + Math.floor(index / rows)]!,
  );
}
