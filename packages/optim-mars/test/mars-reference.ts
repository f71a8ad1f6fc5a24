import type { ReferenceInput, ReferenceStep } from '@steepest/optimizer-testing';

type Matrix = number[][];

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const flipped = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));

/** Newton-Schulz of Jordan et al. 2024 as X (a + b Y + c Y^2) with Y = X^T X. */
function orthogonalized(
  flat: ArrayLike<number>,
  [rows, columns]: readonly [number, number],
  epsilon: number,
  iterations: number,
): number[] {
  const matrix = Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => flat[i * columns + j]!),
  );
  const norm = Math.hypot(...matrix.flat()) + epsilon;
  let x = (rows > columns ? flipped(matrix) : matrix).map((row) => row.map((e) => e / norm));
  for (let iteration = 0; iteration < iterations; iteration++) {
    const cubed = times(x, times(flipped(x), x));
    const fifth = times(cubed, times(flipped(x), x));
    x = x.map((row, i) => row.map((e, j) => 3.4445 * e - 4.775 * cubed[i]![j]! + 2.0315 * fifth[i]![j]!));
  }
  return (rows > columns ? flipped(x) : x).flat();
}

/** The gradient with its change, brought to norm 1: equations 4 and 5 of the paper. */
function corrected(
  { gradient, state }: Pick<ReferenceInput, 'gradient' | 'state'>,
  gamma: number,
  beta: number,
): number[] {
  state.previous ??= new Float64Array(gradient.length);
  const { previous } = state;
  const c = Array.from(gradient, (g, i) => g + ((gamma * beta) / (1 - beta)) * (g - previous[i]!));
  previous.set(gradient);
  const norm = Math.hypot(...c);
  return norm > 1 ? c.map((x) => x / norm) : c;
}

/** Adam of Kingma and Ba; `uncorrected` puts epsilon outside the root before its correction. */
function adam(
  { parameter, gradient, state, step, options }: ReferenceInput,
  b1: number,
  b2: number,
  epsilon: number,
  uncorrected: boolean,
): void {
  state.m ??= new Float64Array(parameter.length);
  state.v ??= new Float64Array(parameter.length);
  for (const [i, g] of gradient.entries()) {
    state.m[i] = b1 * state.m[i]! + (1 - b1) * g;
    state.v[i] = b2 * state.v[i]! + (1 - b2) * g * g;
    const correction = Math.sqrt(1 - b2 ** step);
    const root = Math.sqrt(state.v[i]!);
    const denominator = uncorrected ? (root + epsilon) / correction : root / correction + epsilon;
    parameter[i]! -= (options.learningRate * state.m[i]!) / (1 - b1 ** step) / denominator;
  }
}

/** MARS on plain arrays: algorithms 1 to 4 of Yuan et al. 2024 with the gradient of the previous step. */
export const marsReference: ReferenceStep = (input) => {
  const { parameter, shape, state, step, options } = input;
  const { learningRate, beta1, beta2, epsilon, gamma, variant, amsgrad } = options;
  if (options.adamw === 'always' || (options.adamw === 'others' && shape.length !== 2)) {
    adam(input, options.adamBeta1, options.adamBeta2, epsilon, false);
    return;
  }
  state.m ??= new Float64Array(parameter.length);
  state.v ??= new Float64Array(parameter.length);
  state.largest ??= new Float64Array(parameter.length);
  const { m, v, largest } = state as Record<'m' | 'v' | 'largest', Float64Array>;
  for (const [i, c] of corrected(input, gamma, beta1).entries()) {
    m[i] = beta1 * m[i]! + (1 - beta1) * c;
    v[i] = beta2 * v[i]! + (1 - beta2) * c * c;
    largest[i] = Math.max(largest[i]!, v[i]!);
    if (variant === 'lion') parameter[i]! -= learningRate * Math.sign(m[i]!);
    if (variant !== 'adamw') continue;
    const second = (amsgrad ? largest[i]! : v[i]!) / (1 - beta2 ** step);
    parameter[i]! -= (learningRate * m[i]!) / (1 - beta1 ** step) / (Math.sqrt(second) + epsilon);
  }
  if (variant !== 'shampoo') return;
  const [rows, columns] = shape as readonly [number, number];
  const scaled = m.map((x) => x / (1 - beta1));
  for (const [i, o] of orthogonalized(scaled, [rows, columns], epsilon, 5).entries()) {
    parameter[i]! -= learningRate * Math.sqrt(Math.max(1, rows / columns)) * o;
  }
};

/** MARS-M on plain arrays: algorithm 1 of Liu et al. 2025 with the gradient of the previous step. */
export const marsMReference: ReferenceStep = (input) => {
  const { parameter, shape, state, options, info } = input;
  const { learningRate, momentum, epsilon, gamma } = options;
  const isOther = shape.length !== 2 || info.role === 'embedding' || info.role === 'lastLayer';
  if (options.adamw === 'always' || (options.adamw === 'others' && isOther)) {
    adam(input, options.adamBeta1, options.adamBeta2, options.adamEpsilon, true);
    return;
  }
  state.m ??= new Float64Array(parameter.length);
  const { m } = state;
  for (const [i, c] of corrected(input, gamma, momentum).entries()) {
    m[i] = momentum * m[i]! + (1 - momentum) * c;
  }
  const [rows, columns] = shape as readonly [number, number];
  for (const [i, o] of orthogonalized(m, [rows, columns], epsilon, options.newtonSchulzSteps).entries()) {
    parameter[i]! -= learningRate * 0.2 * Math.sqrt(Math.max(rows, columns)) * o;
  }
};
