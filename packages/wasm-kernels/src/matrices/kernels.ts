import {
  gramDifferenceKernel,
  gramMatrixKernel,
  newtonSchulzKernel,
  orthogonalFactorKernel,
  triangleProductKernel,
  triangularProductKernel,
  triangularSolutionKernel,
} from '@steepest/training-kernels';
import { implement } from '../training/kernels.ts';
import { gramDifference } from './gram-difference.ts';
import { gramMatrix } from './gram-matrix.ts';
import { newtonSchulz } from './newton-schulz.ts';
import { orthogonalFactor } from './orthogonal-factor.ts';
import { triangleProduct } from './triangle-product.ts';
import { triangularProduct } from './triangular-product.ts';
import { triangularSolution } from './triangular-solution.ts';

/**
 * Implements the kernels for matrices of @steepest/training-kernels on the wasm backend.
 *
 * @returns their names
 */
export function implementMatrixKernels(): string[] {
  return [
    implement(newtonSchulzKernel, newtonSchulz),
    implement(gramMatrixKernel, gramMatrix),
    implement(gramDifferenceKernel, gramDifference),
    implement(triangleProductKernel, triangleProduct),
    implement(orthogonalFactorKernel, orthogonalFactor),
    implement(triangularProductKernel, triangularProduct),
    implement(triangularSolutionKernel, triangularSolution),
  ];
}
