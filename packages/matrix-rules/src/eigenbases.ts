import type { TensorTransform } from '@steepest/optimizer';
import { canRunKernel, orthogonalFactorKernel, runKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';
import { batched, oneByOne } from './batched.ts';
import { eigenvectors } from './eigenvectors.ts';
import { inJavaScript } from './in-javascript.ts';
import {
  eigenvectorsOnDevice,
  fallingOrderOnDevice,
  mustStayOnDevice,
  orthogonalFactorOnDevice,
} from './on-device.ts';
import { orthogonalFactor } from './orthogonal-factor.ts';

/**
 * The eigenvectors of a Gram matrix as columns, by falling eigenvalue. Where eigenvalues are zero up to float32 rounding, the
 * rest of the basis is the same on every backend that can be read in a step.
 */
export function eigenbasis(length: number): TensorTransform {
  const inScript = inJavaScript('eigenbasis', [length, length], ([gram]) => eigenvectors(gram!.data, length));
  return batched({
    ...inScript,
    onBatch: ([grams], scalars) =>
      mustStayOnDevice() ? eigenvectorsOnDevice(grams!) : oneByOne(inScript, [grams!], scalars),
  });
}

/**
 * An orthonormal basis of the columns of a [rows, columns] matrix with at least as many rows, in their order: the Q of its
 * QR decomposition.
 */
export function orthogonalBasis(rows: number, columns: number = rows): TensorTransform {
  const inScript = inJavaScript('orthogonalBasis', [rows, columns], ([matrix]) =>
    orthogonalFactor(matrix!.data, rows, columns),
  );
  return batched({
    ...inScript,
    onBatch([x], scalars) {
      if (canRunKernel(orthogonalFactorKernel, { x: x! }))
        return runKernel(orthogonalFactorKernel, { x: x! }, {}).y;
      return mustStayOnDevice() ? orthogonalFactorOnDevice(x!) : oneByOne(inScript, [x!], scalars);
    },
  });
}

/** Indices of the elements of a [1, length] tensor, by falling value. */
export function fallingOrder(length: number): TensorTransform {
  const inScript = inJavaScript('fallingOrder', [length], ([{ data } = { data: new Float64Array() }]) => {
    const order = Array.from(data, (_, index) => index);
    return Float64Array.from(order.sort((i, j) => data[j]! - data[i]!));
  });
  return batched({
    ...inScript,
    onBatch([values], scalars) {
      if (!mustStayOnDevice()) return oneByOne(inScript, [values!], scalars);
      return tf.cast(fallingOrderOnDevice(tf.reshape(values!, [-1, length])), 'float32');
    },
  });
}
