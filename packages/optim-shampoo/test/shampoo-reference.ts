import type { ReferenceStep } from '@steepest/optimizer-testing';

type Matrix = number[][];

const identity = (n: number): Matrix =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));

/** The power of a symmetric matrix, diagonalized by cyclic Jacobi rotations. */
function symmetricPower(matrix: Matrix, power: number, smallest: number): Matrix {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = identity(n);
  for (let sweep = 0; sweep < 60; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (a[p]![q] === 0) continue;
        const angle = 0.5 * Math.atan2(2 * a[p]![q]!, a[q]![q]! - a[p]![p]!);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (const m of [a, v]) {
          for (let k = 0; k < n; k++) {
            const [x, y] = [m[k]![p]!, m[k]![q]!];
            m[k]![p] = c * x - s * y;
            m[k]![q] = s * x + c * y;
          }
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p]![k]!, a[q]![k]!];
          a[p]![k] = c * x - s * y;
          a[q]![k] = s * x + c * y;
        }
      }
    }
  }
  const least = Math.min(...a.map((row, i) => row[i]!));
  const lift = least < smallest ? smallest - least : 0;
  return identity(n).map((row, i) =>
    row.map((_, j) => a.reduce((sum, _, k) => sum + v[i]![k]! * (a[k]![k]! + lift) ** power * v[j]![k]!, 0)),
  );
}

/** Index along an axis, and the number of the slice that an element is in otherwise. */
function place(flat: number, shape: readonly number[], axis: number): [index: number, other: number] {
  const after = shape.slice(axis + 1).reduce((product, length) => product * length, 1);
  const length = shape[axis]!;
  const outer = Math.floor(flat / (after * length));
  return [Math.floor(flat / after) % length, outer * after + (flat % after)];
}

function gramOf(x: Float64Array, shape: readonly number[], axis: number): Matrix {
  const rows: number[][] = Array.from({ length: shape[axis]! }, () => []);
  for (const [flat, value] of x.entries()) {
    const [index, other] = place(flat, shape, axis);
    rows[index]![other] = value;
  }
  return rows.map((row) => rows.map((column) => row.reduce((sum, value, i) => sum + value * column[i]!, 0)));
}

function along(x: Float64Array, shape: readonly number[], axis: number, matrix: Matrix): Float64Array {
  const columns = new Map<number, number[]>();
  for (const [flat, value] of x.entries()) {
    const [index, other] = place(flat, shape, axis);
    const column = columns.get(other) ?? [];
    column[index] = value;
    columns.set(other, column);
  }
  return Float64Array.from(x, (_, flat) => {
    const [index, other] = place(flat, shape, axis);
    return columns.get(other)!.reduce((sum, value, i) => sum + matrix[index]![i]! * value, 0);
  });
}

const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value ** 2, 0));

/** Matrices by the state that keeps them. */
const matrices = new WeakMap<object, { l: Matrix; h: Matrix }[]>();

/**
 * Shampoo after algorithm 2 of Gupta, Koren and Singer 2018, arXiv 1802.09568, with the grafting, filtering and corrections of Shi et
 * al. 2023, arXiv 2309.06497, one weight after the other; without blocks and merged axes.
 */
export const shampooReference: ReferenceStep = ({
  parameter,
  gradient,
  shape: own,
  state,
  iteration,
  options,
}) => {
  const { learningRate, beta1, beta2, epsilon, graftBeta2, graftEpsilon, grafting, biasCorrection } = options;
  const { preconditionFrequency, startPreconditioningStep } = options;
  const shape = own.length === 0 ? [1] : own;
  const beta3 = options.beta3 ?? beta1;
  const t = iteration;
  if (!matrices.has(state))
    matrices.set(
      state,
      shape.map((n) => ({ l: identity(n).map((row) => row.map(() => 0)), h: identity(n) })),
    );
  state.m ??= new Float64Array(parameter.length);
  state.v ??= new Float64Array(parameter.length);
  const f = gradient.map((g, i) => {
    const mixed = beta3 * state.m![i]! + (1 - beta3) * g;
    return biasCorrection ? mixed / (1 - beta3 * beta1 ** (t - 1)) : mixed;
  });
  const z = gradient.map((g, i) => {
    state.m![i] = beta1 * state.m![i]! + (1 - beta1) * g;
    state.v![i] =
      grafting === 'adagrad' ? state.v![i]! + g * g : graftBeta2 * state.v![i]! + (1 - graftBeta2) * g * g;
    const corrected = grafting === 'adam' ? state.v![i]! / (1 - graftBeta2 ** t) : state.v![i]!;
    return corrected === 0 ? 0 : f[i]! / (Math.sqrt(corrected) + graftEpsilon);
  });
  const start = startPreconditioningStep ?? preconditionFrequency;
  let d: Float64Array = f;
  for (const [axis, kept] of matrices.get(state)!.entries()) {
    const gram = gramOf(gradient, shape, axis);
    kept.l = kept.l.map((row, i) =>
      row.map((x, j) => beta2 * x + (beta2 === 1 ? 1 : 1 - beta2) * gram[i]![j]!),
    );
    if (t === start || (t > start && t % preconditionFrequency === 0)) {
      const divisor = biasCorrection && beta2 < 1 ? 1 - beta2 ** t : 1;
      const ridged = kept.l.map((row, i) => row.map((x, j) => x / divisor + (i === j ? epsilon : 0)));
      kept.h = symmetricPower(ridged, -1 / (2 * shape.length), epsilon);
    }
    d = along(d, shape, axis, kept.h);
  }
  if (grafting !== 'none') {
    const scale = norm(z) / (norm(d) + 1e-16);
    d = t < start ? z : d.map((x) => x * scale);
  }
  for (const [i, x] of d.entries()) parameter[i]! -= learningRate * x;
};
