import type { Shape, TensorTransform } from '@steepest/optimizer';
import { batched } from './batched.ts';
import { product, transposed } from './float64-matrices.ts';
import { tensorProduct } from './tensor-product.ts';

/** The product of two matrices, one of which may be transposed first. Inputs: both. */
export function matrixProduct(left: Shape, right: Shape, flipped?: 'left' | 'right'): TensorTransform {
  const [leftRows, leftColumns] = left as readonly [number, number];
  const [rightRows, rightColumns] = right as readonly [number, number];
  const [rows, inner] = flipped === 'left' ? [leftColumns, leftRows] : [leftRows, leftColumns];
  const columns = flipped === 'right' ? rightRows : rightColumns;
  return batched({
    name: 'matrixProduct',
    shape: [rows, columns],
    options: flipped,
    sharesCores: true,
    onBatch: ([a, b]) => tensorProduct(a!, b!, flipped),
    inFloat64: ([a, b]) =>
      product(
        flipped === 'left' ? transposed(a!.data, leftRows, leftColumns) : a!.data,
        flipped === 'right' ? transposed(b!.data, rightRows, rightColumns) : b!.data,
        rows,
        inner,
      ),
  });
}
