import type { ReferenceStep } from '@steepest/optimizer-testing';

type Matrix = number[][];

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const flipped = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const product = (a: Matrix, b: Matrix): Matrix => {
  const columns = flipped(b);
  return a.map((row) => columns.map((column) => dot(row, column)));
};
const rowsOf = (data: ArrayLike<number>, columns: number): Matrix =>
  Array.from({ length: data.length / columns }, (_, row) =>
    Array.from({ length: columns }, (_, column) => data[row * columns + column]!),
  );

/**
 * Right singular vectors as rows, by falling singular value: Hestenes' one-sided Jacobi rotations of the columns, which form no
 * Gram matrix.
 */
function rightSingularVectors(matrix: Matrix): { value: number; vector: number[] }[] {
  const columns = flipped(matrix);
  const vectors: Matrix = columns.map((_, i) => columns.map((_, j) => (i === j ? 1 : 0)));
  const turn = (rows: Matrix, p: number, q: number, c: number, s: number): void => {
    const [a, b] = [rows[p]!, rows[q]!];
    rows[p] = a.map((x, k) => c * x - s * b[k]!);
    rows[q] = a.map((x, k) => s * x + c * b[k]!);
  };
  for (let sweep = 0; sweep < 40; sweep++) {
    for (let p = 0; p < columns.length; p++) {
      for (let q = p + 1; q < columns.length; q++) {
        const between = dot(columns[p]!, columns[q]!);
        if (between === 0) continue;
        const angle =
          0.5 * Math.atan2(2 * between, dot(columns[q]!, columns[q]!) - dot(columns[p]!, columns[p]!));
        turn(columns, p, q, Math.cos(angle), Math.sin(angle));
        turn(vectors, p, q, Math.cos(angle), Math.sin(angle));
      }
    }
  }
  return vectors
    .map((vector, i) => ({ value: Math.hypot(...columns[i]!), vector }))
    .sort((x, y) => y.value - x.value);
}

/** The first `count`; beyond the rank that float32 can tell, the unit vectors that reach furthest out of the others' span. */
function projectorRows(matrix: Matrix, count: number): Matrix {
  const found = rightSingularVectors(matrix);
  const length = found.length;
  const threshold = found[0]!.value * length * 2 ** -23;
  const rows = found
    .filter(({ value }) => value > threshold)
    .map(({ vector }) => {
      const largest = Math.max(...vector.map(Math.abs));
      return vector.find((x) => Math.abs(x) >= 0.999 * largest)! < 0 ? vector.map((x) => -x) : vector;
    });
  while (rows.length < count) {
    const rests = Array.from({ length }, (_, i) => {
      const rest: number[] = Array.from({ length }, (_, j) => (i === j ? 1 : 0));
      for (let pass = 0; pass < 2; pass++) {
        for (const row of rows) {
          const part = dot(rest, row);
          for (let j = 0; j < length; j++) rest[j]! -= part * row[j]!;
        }
      }
      return rest;
    });
    const reach = rests.map((rest) => dot(rest, rest));
    const rest = rests[reach.findIndex((x) => x >= 0.999 * Math.max(...reach))]!;
    rows.push(rest.map((x) => x / Math.sqrt(dot(rest, rest))));
  }
  return rows.slice(0, count);
}

/** GaLore as its authors' code states it, on a matrix that is transposed where its rows are what is projected. */
export const galoreAdamWReference: ReferenceStep = ({
  parameter,
  gradient,
  shape,
  state,
  step,
  options,
  info,
}) => {
  const { beta1, beta2, epsilon, decay } = options;
  const others = shape.length !== 2 || parameter.length === 0;
  const isPlain =
    options.adamw === 'always' || others || info.role === 'embedding' || info.role === 'lastLayer';
  const isTall = shape[0]! >= shape[1]!;
  const projectsColumns =
    options.projection === 'right' ||
    (options.projection === 'std' && isTall) ||
    (options.projection === 'reverse_std' && !isTall);
  const upright = (matrix: Matrix): Matrix => (projectsColumns ? matrix : flipped(matrix));

  const whole = isPlain ? [] : upright(rowsOf(gradient, shape[1]!));
  if (!isPlain && (step - 1) % options.projectionGap === 0) {
    const rows = projectorRows(whole, Math.min(options.rank, ...shape));
    state.projector = Float64Array.from(flipped(rows).flat());
  }
  const vectors = isPlain ? [] : rowsOf(state.projector!, state.projector!.length / whole[0]!.length);
  const low = isPlain ? gradient : Float64Array.from(upright(product(whole, vectors)).flat());
  state.momentum ??= new Float64Array(low.length);
  state.secondMoment ??= new Float64Array(low.length);
  const { momentum, secondMoment } = state;
  const u = Array.from(low, (g, i) => {
    momentum[i] = beta1 * momentum[i]! + (1 - beta1) * g;
    secondMoment[i] = beta2 * secondMoment[i]! + (1 - beta2) * g * g;
    return secondMoment[i] === 0 ? 0 : momentum[i]! / (Math.sqrt(secondMoment[i]!) + epsilon);
  });
  const count = isPlain ? 1 : vectors[0]!.length;
  const move = isPlain
    ? u
    : upright(product(upright(rowsOf(u, projectsColumns ? count : shape[1]!)), flipped(vectors))).flat();
  const stepSize =
    (options.learningRate * Math.sqrt(1 - beta2 ** step) * (isPlain ? 1 : options.scale)) /
    (1 - beta1 ** step);
  for (const [i, x] of move.entries()) parameter[i] = (parameter[i]! - stepSize * x) * (1 - decay);
};
