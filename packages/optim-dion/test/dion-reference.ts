import { gaussianNoise } from '@steepest/matrix-rules';
import type { ReferenceStep } from '@steepest/optimizer-testing';

type Matrix = number[][];

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const flipped = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const combined = (a: Matrix, b: Matrix, factor: number): Matrix =>
  a.map((row, i) => row.map((x, j) => x + factor * b[i]![j]!));
const matrixOf = (flat: ArrayLike<number>, columns: number): Matrix =>
  Array.from({ length: flat.length / columns }, (_, i) =>
    Array.from({ length: columns }, (_, j) => flat[i * columns + j]!),
  );

/** Columns made orthonormal by Gram and Schmidt, each twice, so that rounding leaves nothing of the earlier ones. */
function orthonormal(matrix: Matrix): Matrix {
  const columns: number[][] = [];
  for (let column of flipped(matrix)) {
    for (let pass = 0; pass < 2; pass++) {
      for (const other of columns) {
        const projection = column.reduce((sum, x, i) => sum + x * other[i]!, 0);
        column = column.map((x, i) => x - projection * other[i]!);
      }
    }
    const norm = Math.hypot(...column);
    columns.push(column.map((x) => x / norm));
  }
  return flipped(columns);
}

/** Algorithm 1 of Ahn et al. 2025 on nested arrays, and Adam of Kingma and Ba with the steps of the optimizer. */
export const dionReference: ReferenceStep = ({
  parameter,
  gradient,
  shape,
  state,
  iteration,
  step,
  options,
  info,
}) => {
  const { learningRate, momentum: mu, epsilon, rankFraction, powerIterations, noise } = options;
  state.m ??= new Float64Array(parameter.length);
  const isOther = shape.length !== 2 || info.role === 'embedding' || info.role === 'lastLayer';
  if (options.adamw === 'always' || (options.adamw === 'others' && isOther)) {
    const { adamBeta1: b1, adamBeta2: b2 } = options;
    state.v ??= new Float64Array(parameter.length);
    for (const [i, g] of gradient.entries()) {
      state.m[i] = b1 * state.m[i]! + (1 - b1) * g;
      state.v[i] = b2 * state.v[i]! + (1 - b2) * g * g;
      const root = Math.sqrt(state.v[i]! / (1 - b2 ** iteration));
      parameter[i]! -= (learningRate * state.m[i]!) / (1 - b1 ** iteration) / (root + epsilon);
    }
    return;
  }
  const [rows, columns] = shape as readonly [number, number];
  const isWide = rows < columns;
  const upright = (flat: ArrayLike<number>) =>
    isWide ? flipped(matrixOf(flat, columns)) : matrixOf(flat, columns);
  const flat = (matrix: Matrix) => (isWide ? flipped(matrix) : matrix).flat();
  const shorter = Math.min(rows, columns);
  const rank = Math.ceil(rankFraction * shorter);
  state.q ??= gaussianNoise([shorter, rank], info.name, noise).inFloat64([], [step]);

  const q = matrixOf(state.q, rank);
  const m = combined(upright(state.m), upright(gradient), 1);
  let [p, r] = [m.map(() => new Array<number>(rank).fill(0)), q];
  if (m.flat().some((x) => x !== 0)) {
    for (let i = 0; i < powerIterations; i++) {
      p = orthonormal(times(m, r));
      r = times(flipped(m), p);
    }
  }
  state.m.set(flat(combined(m, times(p, flipped(r)), mu - 1)));
  const norms = flipped(r).map((column) => Math.hypot(...column) + epsilon);
  const next = r.map((row) => row.map((x, j) => x / norms[j]!));
  state.q.set(next.flat());
  for (const [i, x] of flat(times(p, flipped(next))).entries()) {
    parameter[i]! -= learningRate * Math.sqrt(rows / columns) * x;
  }
};
