import { declareKernel } from './declare-kernel.ts';
import { batchShape } from './matrix-kernels.ts';

/** Attributes of {@link newtonSchulzKernel}. */
export interface NewtonSchulzAttributes {
  /** The triple [a, b, c] of each iteration. */
  readonly coefficients: readonly (readonly [a: number, b: number, c: number])[];
  /** The norm that a matrix is divided by is multiplied by this first. */
  readonly normFactor: number;
  readonly epsilon: number;
  /** Epsilon is `added` to the norm, or is its `floor`. */
  readonly epsilonMode: 'added' | 'floor';
}

/**
 * Newton-Schulz iterations on each matrix of a batch `x` [matrices, rows, columns]: `X = x / (|x| + epsilon)`, then for each
 * triple `X = a X + (b A + c A A) X` with `A = X X^T` (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon). It
 * has no gradient. No result depends on the other matrices of the batch.
 */
export const newtonSchulzKernel = declareKernel({
  name: 'SteepestNewtonSchulz',
  inputs: { x: 'float32' },
  outputs: ['y'],
  shapes: ({ x }, _: NewtonSchulzAttributes) => ({ x: batchShape('SteepestNewtonSchulz', x) }),
});
