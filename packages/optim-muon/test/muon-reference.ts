import type { ReferenceStep } from '@steepest/optimizer-testing';

type Matrix = readonly (readonly number[])[];

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const plus = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((x, j) => x + b[i]![j]!));
const scaled = (a: Matrix, factor: number): Matrix => a.map((row) => row.map((x) => factor * x));
const flipped = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));

/** The quintic iteration on a matrix that is no taller than wide, in the form X (a + b Y + c Y^2) with Y = X^T X. */
function newtonSchulz(matrix: Matrix): Matrix {
  let x = scaled(matrix, 1 / (Math.sqrt(matrix.flat().reduce((sum, e) => sum + e * e, 0)) + 1e-7));
  for (let iteration = 0; iteration < 5; iteration++) {
    const cubed = times(x, times(flipped(x), x));
    const fifth = times(cubed, times(flipped(x), x));
    x = plus(scaled(x, 3.4445), plus(scaled(cubed, -4.775), scaled(fifth, 2.0315)));
  }
  return x;
}

/** Muon on nested arrays, one matrix of the batch after the other. */
export const muonReference: ReferenceStep = ({ parameter, gradient, shape, state, options }) => {
  const { learningRate, momentum: mu, nesterov, updateScale } = options;
  state.momentum ??= new Float64Array(parameter.length);
  const { momentum } = state;
  const mixed = gradient.map((g, i) => {
    momentum[i] = mu * momentum[i]! + (1 - mu) * g;
    return nesterov ? mu * momentum[i]! + (1 - mu) * g : momentum[i]!;
  });
  const [rows, columns] = shape.slice(-2) as [number, number];
  const scale = {
    rows: Math.sqrt(Math.max(1, rows / columns)),
    columns: Math.sqrt(Math.max(1, columns / rows)),
    rms: 0.2 * Math.sqrt(Math.max(rows, columns)),
  }[updateScale as 'rows' | 'columns' | 'rms'];
  for (let start = 0; start < mixed.length; start += rows * columns) {
    const matrix = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_, j) => mixed[start + i * columns + j]!),
    );
    const update = rows > columns ? flipped(newtonSchulz(flipped(matrix))) : newtonSchulz(matrix);
    for (const [offset, element] of update.flat().entries()) {
      parameter[start + offset]! -= learningRate * scale * element;
    }
  }
};
