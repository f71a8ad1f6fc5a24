import { util } from '@tensorflow/tfjs-core';
import { declareKernel } from './declare-kernel.ts';

/** Which vectors of a matrix a kernel works along: its `rows` are the elements of the axis, or its `columns`. */
export interface AxisAttributes {
  readonly axis: 'rows' | 'columns';
}

/**
 * The Gram matrices of a batch `x` [matrices, rows, columns]: `x x^T` of the rows, or `x^T x` of the columns. It has no
 * gradient.
 */
export const gramMatrixKernel = declareKernel({
  name: 'SteepestGramMatrix',
  inputs: { x: 'float32' },
  outputs: ['y'],
  shapes: ({ x }, _: AxisAttributes) => ({ x: batchShape('SteepestGramMatrix', x) }),
});

/**
 * The Q of the QR decomposition of each matrix of a batch `x` [matrices, rows, columns] with at least as many rows as columns,
 * with the diagonal of R positive. Columns that depend on earlier ones, even zeros, still make orthonormal columns of Q. It
 * has no gradient.
 */
export const orthogonalFactorKernel = declareKernel({
  name: 'SteepestOrthogonalFactor',
  inputs: { x: 'float32' },
  outputs: ['y'],
  shapes: ({ x }, _: object) => {
    const [, rows, columns] = batchShape('SteepestOrthogonalFactor', x);
    util.assert(
      rows >= columns,
      () => `SteepestOrthogonalFactor: x must have at least as many rows as columns, got [${x}].`,
    );
    return { x };
  },
});

/**
 * The solutions y of `U^T y = x` for the upper triangular matrices `factor` [matrices, length, length], along the rows of
 * `x` [matrices, length, any] or the columns of `x` [matrices, any, length]. What stands below the diagonal is not read. It has no
 * gradient.
 */
export const triangularSolutionKernel = declareKernel({
  name: 'SteepestTriangularSolution',
  inputs: { x: 'float32', factor: 'float32' },
  outputs: ['y'],
  shapes: ({ x }, { axis }: AxisAttributes) => {
    const [matrices, rows, columns] = batchShape('SteepestTriangularSolution', x);
    const length = axis === 'rows' ? rows : columns;
    return { x, factor: [matrices, length, length] };
  },
});

/** Attributes of {@link triangularProductKernel}. */
export interface TriangularProductAttributes extends AxisAttributes {
  readonly isTransposed: boolean;
}

/**
 * The products `U x`, or `U^T x` if `isTransposed`, of upper triangular matrices `factor` [matrices, length, length], zero below
 * the diagonal, along the rows of `x` [matrices, length, any] or the columns of `x` [matrices, any, length]. It has no gradient.
 */
export const triangularProductKernel = declareKernel({
  name: 'SteepestTriangularProduct',
  inputs: { x: 'float32', factor: 'float32' },
  outputs: ['y'],
  shapes: ({ x }, { axis }: TriangularProductAttributes) => {
    const [matrices, rows, columns] = batchShape('SteepestTriangularProduct', x);
    const length = axis === 'rows' ? rows : columns;
    return { x, factor: [matrices, length, length] };
  },
});

/** The products `left right` of upper triangular matrices [matrices, length, length], zero below the diagonal. It has no gradient. */
export const triangleProductKernel = declareKernel({
  name: 'SteepestTriangleProduct',
  inputs: { left: 'float32', right: 'float32' },
  outputs: ['y'],
  shapes: ({ left }, _: object) => {
    const [matrices, length] = batchShape('SteepestTriangleProduct', left);
    const square = [matrices, length, length];
    return { left: square, right: square };
  },
});

/**
 * The upper triangles of `A A^T - B B^T` by a lower bound of the norm of `A A^T + B B^T`, for the matrices of two batches `a` and `b`
 * [matrices, rows, columns] or their transposes (`axis` is `columns`), with zeros below the diagonal. The bound is that of PSGD
 * (Pooladzandi and Li 2024, arXiv 2402.04553): `|S S w| / |S w|` with w the longest column of the sum S. It has no gradient.
 */
export const gramDifferenceKernel = declareKernel({
  name: 'SteepestGramDifference',
  inputs: { a: 'float32', b: 'float32' },
  outputs: ['y'],
  shapes: ({ a }, _: AxisAttributes) => {
    const shape = batchShape('SteepestGramDifference', a);
    return { a: shape, b: shape };
  },
});

/** @throws Error if a shape is not that of a batch of matrices with elements. */
export function batchShape(
  kernel: string,
  x: readonly number[],
): [matrices: number, rows: number, columns: number] {
  util.assert(
    x.length === 3 && !x.includes(0),
    () => `${kernel}: x must be [matrices, rows, columns], none of them 0, got [${x}].`,
  );
  return x as unknown as [number, number, number];
}
