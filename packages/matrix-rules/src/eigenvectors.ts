import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Relative rounding error of float32. */
const float32Noise = 2 ** -23;

/**
 * The eigenvectors of a symmetric positive semi-definite matrix as columns, by falling eigenvalue.
 *
 * Where an eigenvalue is zero, up to rounding, a solver's eigenvector is whatever the rounding made it. These
 * are replaced by unit vectors made orthogonal to the rest, so that the same matrix gives the same basis on every
 * backend, and a row without gradients keeps its own axis.
 *
 * @param matrix Flat and row-major, `length` x `length`.
 * @param threshold Eigenvalues up to this times the largest are rounding errors; by default those of a float32 matrix.
 */
export function eigenvectors(
  matrix: Float64Array,
  length: number,
  threshold: number = length * float32Noise,
): Float64Array {
  // NaN has no eigenvectors; any basis will do, since every weight that it reaches is lost.
  const vectors = matrix.every(Number.isFinite) ? certainEigenvectors(matrix, length, threshold) : [];
  completeBasis(vectors, length);
  return Float64Array.from(matrix, (_, index) => vectors[index % length]![Math.floor(index / length)]!);
}

/** Those whose eigenvalue is not zero up to rounding, by falling eigenvalue. */
function certainEigenvectors(matrix: Float64Array, length: number, relative: number): Float64Array[] {
  const symmetric = Matrix.from1DArray(length, length, matrix);
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(symmetric, {
    assumeSymmetric: true,
  });
  const threshold = Math.max(...realEigenvalues) * relative;
  const vectors: Float64Array[] = [];
  // The library sorts by rising eigenvalue.
  for (let index = length - 1; index >= 0 && realEigenvalues[index]! > threshold; index--) {
    vectors.push(turnedUp(Float64Array.from(eigenvectorMatrix.getColumn(index))));
  }
  return vectors;
}

/** The vector or its negative, so that its largest element is positive: the solver leaves the sign open. */
function turnedUp(vector: Float64Array): Float64Array {
  return vector[firstOfLargest(vector.map(Math.abs))]! < 0 ? vector.map((x) => -x) : vector;
}

/** Index of the largest element; of those about as large, of the first, so that rounding does not choose. */
function firstOfLargest(values: Float64Array): number {
  const most = Math.max(...values);
  return values.findIndex((value) => value >= 0.999 * most);
}

/** Appends to orthonormal vectors, each time from the unit vector that reaches furthest out of their span. */
function completeBasis(vectors: Float64Array[], length: number): void {
  const outside = new Float64Array(length).fill(1);
  const leave = (vector: Float64Array): void => {
    for (let i = 0; i < length; i++) outside[i]! -= vector[i]! * vector[i]!;
  };
  vectors.forEach(leave);
  while (vectors.length < length) {
    const furthest = firstOfLargest(outside);
    const vector = new Float64Array(length);
    vector[furthest] = 1;
    for (const other of vectors) {
      const projection = other[furthest]!;
      for (let i = 0; i < length; i++) vector[i]! -= projection * other[i]!;
    }
    const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    for (let i = 0; i < length; i++) vector[i]! /= norm;
    leave(vector);
    vectors.push(vector);
  }
}
