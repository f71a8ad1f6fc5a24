import { inverse, Matrix } from 'ml-matrix';
import type { Objective } from './line-search.ts';
import { dot, norm, rangeOf } from './numbers.ts';

/** Coordinates in which a search is well conditioned, a linear map away from the plain ones. */
export interface Decorrelated {
  from(point: ArrayLike<number>): Float64Array;
  to(coordinates: ArrayLike<number>): Float64Array;
  /** An objective of the plain coordinates as one of these. */
  objective(plain: Objective): Objective;
}

/** Share of the longest column's length below which a column, or what is left of it after those before, is rounding. */
const rounding = 1e-10;

/**
 * Makes each column of a Jacobian orthogonal to those before it (Gram and Schmidt): J = Q R with R of unit diagonal, and the
 * coordinates z = R y have the Jacobian Q. An exponent then changes without changing its term in the middle of the data.
 *
 * @param jacobian derivatives of each row's prediction with respect to the plain coordinates
 */
export function decorrelate(jacobian: readonly ArrayLike<number>[]): Decorrelated {
  const size = jacobian[0]?.length ?? 0;
  const shares = Matrix.eye(size);
  const columns: Float64Array[] = [];
  const lengths = Array.from({ length: size }, (_, column) => norm(jacobian.map((row) => row[column]!)));
  const shortest = rounding * rangeOf(lengths).high;
  for (let column = 0; column < size; column += 1) {
    const own = Float64Array.from(jacobian, (row) => row[column]!);
    columns.forEach((other, before) => {
      const share = dot(own, other) / (dot(other, other) || 1);
      shares.set(before, column, share);
      for (let row = 0; row < own.length; row += 1) own[row]! -= share * other[row]!;
    });
    columns.push(norm(own) > shortest ? own : own.fill(0));
  }
  const back = inverse(shares);
  const [from, to, slopes] = [shares, back, back.transpose()].map((matrix) => {
    const rows = matrix.to2DArray();
    return (vector: ArrayLike<number>) => Float64Array.from(rows, (row) => dot(row, vector));
  }) as [Decorrelated['from'], Decorrelated['to'], Decorrelated['to']];
  return {
    from,
    to,
    objective: (plain) => (coordinates, gradient) => {
      const value = plain(to(coordinates), gradient);
      gradient.set(slopes(gradient));
      return value;
    },
  };
}
