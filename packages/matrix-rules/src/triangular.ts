import type { Shape, TensorTransform } from '@steepest/optimizer';
import {
  canRunKernel,
  runKernel,
  triangleProductKernel,
  triangularProductKernel,
  triangularSolutionKernel,
} from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';
import { aroundAxis, rotation } from './axis-matrices.ts';
import { batched, oneByOne } from './batched.ts';
import { product } from './float64-matrices.ts';
import { inJavaScript } from './in-javascript.ts';
import { mustStayOnDevice, triangularSolutionOnDevice } from './on-device.ts';

/** The identity; no inputs. */
export function identityMatrix(length: number): TensorTransform {
  return {
    name: 'identityMatrix',
    shape: [length, length],
    onTensors: () => tf.eye(length),
    inFloat64: () =>
      Float64Array.from({ length: length * length }, (_, index) => (index % (length + 1) === 0 ? 1 : 0)),
  };
}

/**
 * The product of a tensor and the inverse of a transposed upper triangular matrix along an axis: the solution y of
 * `x_i = sum over k <= i of Q[k, i] y_k`, by forward substitution. Inputs: the tensor, and Q.
 */
export function triangularSolution(shape: Shape, axis: number): TensorTransform {
  const [before, length, after] = aroundAxis(shape, axis);
  const inScript = inJavaScript('triangularSolution', shape, ([x, q]) => {
    const solution = Float64Array.from(x!.data);
    for (let b = 0; b < before; b++) {
      for (let i = 0; i < length; i++) {
        const to = (b * length + i) * after;
        for (let k = 0; k < i; k++) {
          const weight = q!.data[k * length + i]!;
          const from = (b * length + k) * after;
          for (let a = 0; a < after; a++) solution[to + a]! -= weight * solution[from + a]!;
        }
        const diagonal = q!.data[i * length + i]!;
        for (let a = 0; a < after; a++) solution[to + a]! /= diagonal;
      }
    }
    return solution;
  });
  return batched({
    ...inScript,
    options: axis,
    sharesCores: true,
    onBatch([x, factor], scalars) {
      const isMatrix = before === 1 || after === 1;
      const matrix = tf.reshape(x!, after === 1 ? [-1, before, length] : [-1, before * length, after]);
      if (isMatrix && canRunKernel(triangularSolutionKernel, { x: matrix, factor: factor! })) {
        const along = after === 1 ? 'columns' : 'rows';
        const { y } = runKernel(triangularSolutionKernel, { x: matrix, factor: factor! }, { axis: along });
        return tf.reshape(y, x!.shape);
      }
      if (!mustStayOnDevice()) return oneByOne(inScript, [x!, factor!], scalars);
      const across = tf.transpose(tf.reshape(x!, [-1, before, length, after]), [0, 2, 1, 3]);
      const rows = tf.reshape(across, [-1, length, before * after]);
      const solved = tf.reshape(triangularSolutionOnDevice(rows, factor!), across.shape);
      return tf.reshape(tf.transpose(solved, [0, 2, 1, 3]), x!.shape);
    },
  });
}

/**
 * The product of a tensor and an upper triangular matrix along an axis, `y_i = sum over k >= i of Q[i, k] x_k`, or of its transpose.
 * Inputs: the tensor, and Q, zero below the diagonal.
 */
export function triangularProduct(
  shape: Shape,
  axis: number,
  direction: 'factor' | 'transpose',
): TensorTransform {
  const [before, length, after] = aroundAxis(shape, axis);
  const isTransposed = direction === 'transpose';
  const general = rotation(shape, axis, isTransposed ? 'forward' : 'backward');
  return batched({
    name: 'triangularProduct',
    shape,
    options: [axis, direction],
    sharesCores: true,
    onBatch([x, factor], scalars) {
      const isMatrix = before === 1 || after === 1;
      const matrix = tf.reshape(x!, after === 1 ? [-1, before, length] : [-1, before * length, after]);
      if (!isMatrix || !canRunKernel(triangularProductKernel, { x: matrix, factor: factor! })) {
        return general.batch!.onTensors([x!, factor!], scalars);
      }
      const along = after === 1 ? 'columns' : 'rows';
      const attributes = { axis: along, isTransposed } as const;
      return tf.reshape(
        runKernel(triangularProductKernel, { x: matrix, factor: factor! }, attributes).y,
        x!.shape,
      );
    },
    inFloat64: general.inFloat64,
  });
}

/** The product of two upper triangular matrices, zero below the diagonal, which is another. Inputs: both. */
export function triangleProduct(length: number): TensorTransform {
  return batched({
    name: 'triangleProduct',
    shape: [length, length],
    sharesCores: true,
    onBatch([left, right]) {
      const operands = { left: left!, right: right! };
      if (canRunKernel(triangleProductKernel, operands))
        return runKernel(triangleProductKernel, operands, {}).y;
      return tf.matMul(left!, right!);
    },
    inFloat64: ([left, right]) => product(left!.data, right!.data, length, length),
  });
}
