import type { Objective } from './line-search.ts';
import { dot } from './numbers.ts';

/** Coordinates in which a search is well conditioned, a linear map away from the plain ones. */
export interface Decorrelated {
  from(point: ArrayLike<number>): Float64Array;
  to(coordinates: ArrayLike<number>): Float64Array;
  /** An objective of the plain coordinates as one of these. */
  objective(plain: Objective): Objective;
}

/** Share of a column's length below which what is left of it after those before is rounding. */
const rounding = 1e-10;

/**
 * Makes each column of a Jacobian orthogonal to those before it (Gram and Schmidt): J = Q R with R of unit diagonal, and the
 * coordinates z = R y have the Jacobian Q. An exponent then changes without changing its term in the middle of the data.
 *
 * @param jacobian derivatives of each row's prediction with respect to the plain coordinates
 */
export function decorrelate(jacobian: readonly ArrayLike<number>[]): Decorrelated {
  const size = jacobian[0]?.length ?? 0;
  const columns: Float64Array[] = [];
  // Entry [i][j] is R of row j and column i, for j < i.
  const shares: number[][] = [];
  for (let column = 0; column < size; column += 1) {
    const own = Float64Array.from(jacobian, (row) => row[column]!);
    const whole = dot(own, own);
    shares.push(
      columns.map((other) => {
        const share = dot(own, other) / (dot(other, other) || 1);
        for (let row = 0; row < own.length; row += 1) own[row]! -= share * other[row]!;
        return share;
      }),
    );
    columns.push(dot(own, own) > rounding ** 2 * whole ? own : own.fill(0));
  }
  const to = (coordinates: ArrayLike<number>) => {
    const point = Float64Array.from(coordinates);
    for (let row = size - 2; row >= 0; row -= 1) {
      for (let column = row + 1; column < size; column += 1)
        point[row]! -= shares[column]![row]! * point[column]!;
    }
    return point;
  };
  return {
    from(point) {
      const coordinates = Float64Array.from(point);
      for (let row = 0; row < size; row += 1) {
        for (let column = row + 1; column < size; column += 1) {
          coordinates[row]! += shares[column]![row]! * point[column]!;
        }
      }
      return coordinates;
    },
    to,
    objective: (plain) => (coordinates, gradient) => {
      const value = plain(to(coordinates), gradient);
      // The gradient by z is R^-T times that by y.
      for (let column = 1; column < size; column += 1) {
        for (let row = 0; row < column; row += 1) gradient[column]! -= shares[column]![row]! * gradient[row]!;
      }
      return value;
    },
  };
}
