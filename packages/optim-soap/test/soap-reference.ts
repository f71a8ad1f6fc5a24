import type { ReferenceStep } from '@steepest/optimizer-testing';

type Matrix = number[][];

/** Rows of a tensor's slices along an axis, [axis length, all other elements]. */
function unfolded(data: Float64Array, shape: readonly number[], axis: number): Matrix {
  const rows: Matrix = Array.from({ length: shape[axis]! }, () => []);
  data.forEach((x, flat) => {
    rows[indexAlong(flat, shape, axis)]!.push(x);
  });
  return rows;
}

function folded(rows: Matrix, shape: readonly number[], axis: number): Float64Array {
  const taken = rows.map(() => 0);
  return Float64Array.from({ length: rows.flat().length }, (_, flat) => {
    const row = indexAlong(flat, shape, axis);
    return rows[row]![taken[row]!++]!;
  });
}

function indexAlong(flat: number, shape: readonly number[], axis: number): number {
  const after = shape.slice(axis + 1).reduce((product, length) => product * length, 1);
  return Math.floor(flat / after) % shape[axis]!;
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const flipped = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));

/** `basis` holds its vectors as rows, so that a tensor's elements along them are products of rows. */
function into(data: Float64Array, shape: readonly number[], axis: number, basis: Matrix): Float64Array {
  const columns = flipped(unfolded(data, shape, axis));
  return folded(
    basis.map((vector) => columns.map((column) => dot(vector, column))),
    shape,
    axis,
  );
}

/** Eigenvalues and eigenvectors, as rows, by cyclic Jacobi rotations. */
function jacobi(symmetric: Matrix): { value: number; vector: number[] }[] {
  const a = symmetric.map((row) => [...row]);
  const vectors: Matrix = a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0)));
  const turn = (row: number[], other: number[], c: number, s: number): void => {
    row.forEach((x, k) => {
      [row[k], other[k]] = [c * x - s * other[k]!, s * x + c * other[k]!];
    });
  };
  for (let sweep = 0; sweep < 40; sweep++) {
    for (let p = 0; p < a.length; p++) {
      for (let q = p + 1; q < a.length; q++) {
        if (a[p]![q] === 0) continue;
        const angle = 0.5 * Math.atan2(2 * a[p]![q]!, a[q]![q]! - a[p]![p]!);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        turn(a[p]!, a[q]!, c, s);
        const columns = flipped(a);
        turn(columns[p]!, columns[q]!, c, s);
        flipped(columns).forEach((row, i) => {
          a[i] = row;
        });
        turn(vectors[p]!, vectors[q]!, c, s);
      }
    }
  }
  return vectors.map((vector, i) => ({ value: a[i]![i]!, vector })).sort((x, y) => y.value - x.value);
}

/** What remains of a vector without its parts along orthonormal ones; twice, because once leaves rounding errors. */
function without(vector: number[], basis: Matrix): number[] {
  const once = (v: number[]): number[] =>
    basis.reduce((rest, b) => {
      const part = dot(rest, b);
      return rest.map((x, i) => x - part * b[i]!);
    }, v);
  return once(once(vector));
}

const unit = (vector: number[]): number[] => vector.map((x) => x / Math.sqrt(dot(vector, vector)));

/** Eigenvectors of a first Gram matrix; where the eigenvalue is zero, the axes furthest from the other vectors. */
function firstBasis(gram: Matrix): Matrix {
  const pairs = jacobi(gram);
  const threshold = pairs[0]!.value * gram.length * 2 ** -23;
  const basis = pairs.filter(({ value }) => value > threshold).map(({ vector }) => vector);
  while (basis.length < gram.length) {
    const rests = gram.map((_, i) =>
      without(
        gram.map((_, j) => (i === j ? 1 : 0)),
        basis,
      ),
    );
    const reach = rests.map((rest) => dot(rest, rest));
    basis.push(unit(rests[reach.findIndex((x) => x > 0.999 * Math.max(...reach))]!));
  }
  return basis;
}

/** Gram-Schmidt on the columns of `gram` times the basis vectors, in the given order. */
function turnedBasis(gram: Matrix, basis: Matrix): Matrix {
  const next: Matrix = [];
  for (const vector of basis)
    next.push(
      unit(
        without(
          gram.map((row) => dot(row, vector)),
          next,
        ),
      ),
    );
  return next;
}

/** SOAP with its momentum kept in the rotated axes and carried from one basis to the next, as the authors do. */
export const soapReference: ReferenceStep = ({ parameter, gradient, shape, state, step, options }) => {
  const { beta1, beta2, shampooBeta, preconditionFrequency } = options;
  const axes = [...shape.keys()].filter((k) => shape.length > 1 && shape[k]! <= options.maxPreconditionerDim);
  const read = (name: string, axis: number): Matrix =>
    unfolded(state[name + axis]!, [shape[axis]!, shape[axis]!], 0);
  const rotated = (data: Float64Array): Float64Array =>
    axes.reduce((turned, axis) => into(turned, shape, axis, read('basis', axis)), data);
  const rotatedBack = (data: Float64Array): Float64Array =>
    axes.reduce((turned, axis) => into(turned, shape, axis, flipped(read('basis', axis))), data);

  const t = step - 1;
  if (t === 0) {
    state.momentum = new Float64Array(parameter.length);
    state.secondMoment = new Float64Array(parameter.length);
  } else {
    const g = rotated(gradient);
    state.momentum = state.momentum!.map((x, i) => beta1 * x + (1 - beta1) * g[i]!);
    state.secondMoment = state.secondMoment!.map((x, i) => beta2 * x + (1 - beta2) * g[i]! ** 2);
    const denominator = state.secondMoment.map((x) => Math.sqrt(x) + options.epsilon);
    const direction = rotatedBack(state.momentum.map((x, i) => x / denominator[i]!));
    const stepSize = (options.learningRate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
    parameter.forEach((p, i) => {
      parameter[i] = (p - stepSize * direction[i]!) * (1 - options.decay);
    });
  }

  const grams = axes.map((axis) => {
    const slices = unfolded(gradient, shape, axis);
    const previous = t === 0 ? slices.map(() => slices.map(() => 0)) : read('gram', axis);
    const gram = previous.map((row, i) =>
      row.map((x, j) => shampooBeta * x + (1 - shampooBeta) * dot(slices[i]!, slices[j]!)),
    );
    state[`gram${axis}`] = Float64Array.from(gram.flat());
    return gram;
  });
  if (t % preconditionFrequency !== 0) return;
  const momentum = t === 0 ? state.momentum : rotatedBack(state.momentum);
  for (const [index, axis] of axes.entries()) {
    const gram = grams[index]!;
    let next: Matrix;
    if (t === 0) next = firstBasis(gram);
    else {
      const basis = read('basis', axis);
      const seconds = unfolded(state.secondMoment, shape, axis);
      const order = basis
        .map((vector, i) => ({
          i,
          size: dot(
            vector,
            gram.map((row) => dot(row, vector)),
          ),
        }))
        .sort((x, y) => y.size - x.size)
        .map(({ i }) => i);
      state.secondMoment = folded(
        order.map((i) => seconds[i]!),
        shape,
        axis,
      );
      next = turnedBasis(
        gram,
        order.map((i) => basis[i]!),
      );
    }
    state[`basis${axis}`] = Float64Array.from(next.flat());
  }
  state.momentum = rotated(momentum);
};
