import type { TensorTransform } from '@steepest/optimizer';
import { canRunKernel, orthogonalFactorKernel, runKernel } from '@steepest/training-kernels';
import { batched, oneByOne } from './batched.ts';
import { eigenvectors } from './eigenvectors.ts';
import { inJavaScript } from './in-javascript.ts';
import { orthogonalFactor } from './orthogonal-factor.ts';

/** The eigenvectors of a Gram matrix as columns, by falling eigenvalue. */
export function eigenbasis(length: number): TensorTransform {
  return inJavaScript('eigenbasis', [length, length], ([gram]) => eigenvectors(gram!.data, length));
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
    onBatch: ([x], scalars) =>
      canRunKernel(orthogonalFactorKernel, { x: x! })
        ? runKernel(orthogonalFactorKernel, { x: x! }, {}).y
        : oneByOne(inScript, [x!], scalars),
  });
}

/** Indices of the elements of a [1, length] tensor, by falling value. */
export function fallingOrder(length: number): TensorTransform {
  return inJavaScript('fallingOrder', [length], ([{ data } = { data: new Float64Array() }]) => {
    const order = Array.from(data, (_, index) => index);
    return Float64Array.from(order.sort((i, j) => data[j]! - data[i]!));
  });
}
