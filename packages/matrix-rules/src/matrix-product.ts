import type { Shape, TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import { product, transposed } from './float64-matrices.ts';

/** The product of two matrices, one of which may be transposed first. Inputs: both. */
export function matrixProduct(left: Shape, right: Shape, flipped?: 'left' | 'right'): TensorTransform {
  const [leftRows, leftColumns] = left as readonly [number, number];
  const [rightRows, rightColumns] = right as readonly [number, number];
  const [rows, inner] = flipped === 'left' ? [leftColumns, leftRows] : [leftRows, leftColumns];
  const columns = flipped === 'right' ? rightRows : rightColumns;
  return {
    name: 'matrixProduct',
    shape: [rows, columns],
    // An explicit transpose: tfjs-backend-wasm multiplies fast only without the transposition flags of `matMul`.
    onTensors: ([a, b]) =>
      tf.matMul(
        (flipped === 'left' ? tf.transpose(a!) : a!) as tf.Tensor2D,
        (flipped === 'right' ? tf.transpose(b!) : b!) as tf.Tensor2D,
      ),
    inFloat64: ([a, b]) =>
      product(
        flipped === 'left' ? transposed(a!.data, leftRows, leftColumns) : a!.data,
        flipped === 'right' ? transposed(b!.data, rightRows, rightColumns) : b!.data,
        rows,
        inner,
      ),
  };
}
