import { gaussianNoise } from '@steepest/matrix-rules';
import type { ReferenceStep } from '@steepest/optimizer-testing';

type Matrix = number[][];

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const flipped = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const combined = (a: Matrix, b: Matrix, sign: number): Matrix =>
  a.map((row, i) => row.map((x, j) => x + sign * b[i]![j]!));
const largestOf = (a: Matrix): number => Math.max(...a.flat().map(Math.abs));
const matrixOf = (flat: ArrayLike<number>, rows: number): Matrix => {
  const columns = flat.length / rows;
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => flat[i * columns + j]!),
  );
};

/** The inverse of an upper triangular matrix, by back substitution in the columns of the identity. */
function inverse(q: Matrix): Matrix {
  const n = q.length;
  const columns = q.map((_, j) => {
    const x = new Array<number>(n).fill(0);
    for (let i = n - 1; i >= 0; i--) {
      let rest = i === j ? 1 : 0;
      for (let k = i + 1; k < n; k++) rest -= q[i]![k]! * x[k]!;
      x[i] = rest / q[i]![i]!;
    }
    return x;
  });
  return flipped(columns);
}

/** The bound of the norm of a symmetric matrix that starts from its column of largest norm. */
function lowerBound(u: Matrix): number {
  const largest = largestOf(u);
  const w = u.map((row) => row.map((x) => x / largest));
  const norms = flipped(w).map((column) => Math.hypot(...column));
  const column = flipped(w)[norms.indexOf(Math.max(...norms))]!.map((x) => [x]);
  const x = times(flipped(w), column);
  return (largest * Math.hypot(...times(w, x).flat())) / Math.hypot(...x.flat());
}

/** Whether the factor of each axis is a diagonal. */
// biome-ignore lint/suspicious/noExplicitAny: the options of the rule under test
function diagonals(view: readonly number[], options: any): boolean[] {
  const { maxTriangularSize, minTriangularRank, memorySaveMode } = options;
  const most = Math.max(...view);
  return view.map((length, axis) => {
    const standsOut = view.filter((other) => other === most).length === 1;
    const isLongest = length === most && !view.slice(axis + 1).includes(most);
    return (
      length === 1 ||
      length > maxTriangularSize ||
      view.length < minTriangularRank ||
      memorySaveMode === 'all_diag' ||
      (memorySaveMode === 'one_diag' && isLongest) ||
      (memorySaveMode === 'smart_one_diag' && isLongest && view.length > 1 && standsOut)
    );
  });
}

/**
 * PSGD Kron on nested arrays, with every factor a full matrix, a vector a matrix of one column, and updates of the
 * factors counted for each parameter, which must have a gradient in every step.
 */
export const psgdKronReference: ReferenceStep = ({
  parameter,
  gradient,
  shape,
  state,
  step,
  iteration,
  options,
  info,
}) => {
  const {
    learningRate,
    momentum: mu,
    updateProbability,
    balanceProbability,
    preconditionerLearningRate,
  } = options;
  const isMatrix = shape.length > 1;
  const columns = isMatrix ? shape.at(-1)! : 1;
  const rows = parameter.length / columns;
  const view = shape.length === 0 ? [1] : isMatrix ? [rows, columns] : [rows];
  const isDiagonal = diagonals(view, options);

  state.m ??= new Float64Array(parameter.length);
  state.counts ??= new Float64Array(2);
  const { m, counts } = state as Record<'m' | 'counts', Float64Array>;
  for (const [i, g] of gradient.entries()) m[i] = mu * m[i]! + (1 - mu) * g;
  let mh = matrixOf(
    m.map((x) => x / (1 - mu ** step)),
    rows,
  );
  const scale = options.initialScale ** (1 / view.length);
  const q = view.map((n, axis): Matrix => {
    const key = `q${axis}`;
    if (state[key] !== undefined) return matrixOf(state[key], n);
    return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? scale : 0)));
  });

  counts[0]!++;
  if (counts[0]! >= 1 / updateProbability) {
    counts[0] = 0;
    counts[1]! += balanceProbability;
    if (counts[1]! > 1 - 1e-9 && q.length === 2) {
      const sizes = q.map(largestOf);
      const middle = Math.sqrt(sizes[0]! * sizes[1]!);
      for (const [axis, factor] of q.entries())
        q[axis] = factor.map((row) => row.map((x) => (x * middle) / sizes[axis]!));
    }
    if (counts[1]! > 1 - 1e-9) counts[1]!--;
    const v = matrixOf(gaussianNoise(view, info.name, options.noise).inFloat64([], [iteration]), rows);
    const seen = options.momentumIntoPreconditioner ? mh : matrixOf(gradient, rows);
    const mean = seen.flat().reduce((sum, x) => sum + Math.abs(x), 0) / parameter.length;
    const noisy = seen.map((row, i) => row.map((x, j) => x + Math.sqrt(2 ** -23) * mean * v[i]![j]!));
    if (options.momentumIntoPreconditioner) mh = noisy;
    let a = times(q[0]!, noisy);
    let b = times(flipped(inverse(q[0]!)), v);
    if (isMatrix) {
      a = times(a, flipped(q[1]!));
      b = times(b, inverse(q[1]!));
    }
    for (const [axis, factor] of q.entries()) {
      const [sideA, sideB] = axis === 0 ? [a, b] : [flipped(a), flipped(b)];
      const [gramA, gramB] = [times(sideA, flipped(sideA)), times(sideB, flipped(sideB))];
      const kept = (i: number, j: number) => (isDiagonal[axis] ? i === j : i <= j);
      const t = combined(gramA, gramB, -1).map((row, i) => row.map((x, j) => (kept(i, j) ? x : 0)));
      const u = combined(gramA, gramB, 1);
      const norm = isDiagonal[axis] ? Math.max(...u.map((row, i) => row[i]!)) : lowerBound(u);
      q[axis] = combined(factor, times(t, factor), -preconditionerLearningRate / norm);
    }
  }
  for (const [axis, factor] of q.entries()) state[`q${axis}`] = Float64Array.from(factor.flat());

  let u = times(times(flipped(q[0]!), q[0]!), mh);
  if (isMatrix) u = times(u, times(flipped(q[1]!), q[1]!));
  const rms = Math.hypot(...u.flat()) / Math.sqrt(parameter.length);
  const clip = Math.min(1, options.rmsClip / (rms + 1e-12));
  for (const [i, x] of u.flat().entries()) {
    const decay = shape.length < 2 ? 0 : options.decay;
    parameter[i] = parameter[i]! - learningRate * clip * x - (decay ?? 0) * parameter[i]!;
  }
};
