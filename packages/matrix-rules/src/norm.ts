import {
  abs,
  div,
  type Expression,
  equal,
  greater,
  mean,
  mul,
  sqrt,
  square,
  sum,
  where,
} from '@steepest/optimizer';

/**
 * The Frobenius norm of a tensor over `axes` (all of them by default), which keep length 1. Elements are divided by their
 * mean size first, so that no square leaves float32.
 */
export function frobeniusNorm(x: Expression, axes?: readonly number[]): Expression {
  const size = mean(abs(x), axes);
  const scale = where(greater(size, 0), size, where(equal(size, 0), 1, size));
  return mul(scale, sqrt(sum(square(div(x, scale)), axes)));
}
