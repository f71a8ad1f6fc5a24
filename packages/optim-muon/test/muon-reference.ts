import type { ReferenceStep } from '@steepest/optimizer-testing';

type Matrix = number[][];

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const plus = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((x, j) => x + b[i]![j]!));
const scaled = (a: Matrix, factor: number): Matrix => a.map((row) => row.map((x) => factor * x));
const flipped = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const normOf = (a: Matrix): number => Math.hypot(...a.flat());

/** Triples of the Polar Express of five iterations, as printed in the authors' code. */
const polarExpress = [
  [8.156554524902461, -22.48329292557795, 15.878769915207462],
  [4.042929935166739, -2.808917465908714, 0.5000178451051316],
  [3.8916678022926607, -2.772484153217685, 0.5060648178503393],
  [3.285753657755655, -2.3681294933425376, 0.46449024233003106],
  [2.3465413258596377, -1.7097828382687081, 0.42323551169305323],
];

interface Orthogonalizer {
  readonly triples: readonly (readonly number[])[];
  readonly divisor: (norm: number) => number;
}

/** The quintic iterations on a matrix that is no taller than wide, in the form X (a + b Y + c Y^2) with Y = X^T X. */
function newtonSchulz(matrix: Matrix, { triples, divisor }: Orthogonalizer): Matrix {
  let x = scaled(matrix, 1 / divisor(normOf(matrix)));
  for (const [a, b, c] of triples) {
    const cubed = times(x, times(flipped(x), x));
    const fifth = times(cubed, times(flipped(x), x));
    x = plus(scaled(x, a!), plus(scaled(cubed, b!), scaled(fifth, c!)));
  }
  return x;
}

/** Algorithm 1 of NorMuon for one matrix, whose rows are neurons; `moments` has a number for each. */
function normalized(update: Matrix, moments: Float64Array, beta2: number): Matrix {
  const even = update.map((row, i) => {
    moments[i] = beta2 * moments[i]! + ((1 - beta2) * row.reduce((sum, x) => sum + x * x, 0)) / row.length;
    return row.map((x) => x / (Math.sqrt(moments[i]!) + 1e-10));
  });
  return scaled(even, normOf(update) / (normOf(even) + 1e-10));
}

/** Adam of Kingma and Ba, with epsilon beside the corrected or the uncorrected root. */
const adamReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  const { learningRate, adamBeta1: b1, adamBeta2: b2, adamEpsilon, adamEpsilonPlacement } = options;
  state.momentum ??= new Float64Array(parameter.length);
  const m = state.momentum;
  state.secondMoment ??= new Float64Array(parameter.length);
  const v = state.secondMoment;
  for (const [i, g] of gradient.entries()) {
    m[i] = b1 * m[i]! + (1 - b1) * g;
    v[i] = b2 * v[i]! + (1 - b2) * g * g;
    const corrected = Math.sqrt(v[i]! / (1 - b2 ** step));
    const denominator =
      adamEpsilonPlacement === 'corrected'
        ? corrected + adamEpsilon
        : (Math.sqrt(v[i]!) + adamEpsilon) / Math.sqrt(1 - b2 ** step);
    parameter[i]! -= (learningRate * m[i]!) / (1 - b1 ** step) / denominator;
  }
};

/** Muon on nested arrays, one matrix of the batch after the other. */
export const muonReference: ReferenceStep = (input) => {
  const { parameter, gradient, shape, state, options, info } = input;
  const { learningRate, momentum: mu, nesterov, momentumForm, updateScale, normalize, beta2 } = options;
  const others = shape.length < 2 || shape.length > 3 || ['embedding', 'lastLayer'].includes(info.role ?? '');
  if (options.adamw === 'always' || (options.adamw === 'others' && others)) return adamReference(input);

  const weight = momentumForm === 'sum' ? 1 : 1 - mu;
  state.momentum ??= new Float64Array(parameter.length);
  const momentum = state.momentum;
  const mixed = gradient.map((g, i) => {
    momentum[i] = mu * momentum[i]! + weight * g;
    return nesterov ? mu * momentum[i]! + weight * g : momentum[i]!;
  });
  const [rows, columns] = shape.slice(-2) as [number, number];
  const scale = {
    rows: Math.sqrt(Math.max(1, rows / columns)),
    columns: Math.sqrt(Math.max(1, columns / rows)),
    spectral: Math.sqrt(rows / columns),
    rms: 0.2 * Math.sqrt(Math.max(rows, columns)),
  }[updateScale as 'rows' | 'columns' | 'spectral' | 'rms'];
  const isPolar = options.coefficients === 'polarExpress';
  const orthogonalizer: Orthogonalizer = {
    triples: Array.from({ length: options.newtonSchulzSteps }, (_, i) =>
      isPolar ? polarExpress[Math.min(i, 4)]! : [3.4445, -4.775, 2.0315],
    ),
    divisor: (norm) => {
      const grown = isPolar ? 1.02 * norm : norm;
      return options.epsilonMode === 'floor' ? Math.max(grown, options.epsilon) : grown + options.epsilon;
    },
  };
  const neurons = normalize === 'columns' ? columns : rows;
  state.moments ??= new Float64Array((parameter.length / rows / columns) * neurons);
  const moments = state.moments;
  for (let start = 0; start < mixed.length; start += rows * columns) {
    const matrix = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_, j) => mixed[start + i * columns + j]!),
    );
    let update =
      rows > columns
        ? flipped(newtonSchulz(flipped(matrix), orthogonalizer))
        : newtonSchulz(matrix, orthogonalizer);
    const own = moments.subarray((start / rows / columns) * neurons, (start / rows / columns + 1) * neurons);
    if (normalize === 'rows') update = normalized(update, own, beta2);
    if (normalize === 'columns') update = flipped(normalized(flipped(update), own, beta2));
    for (const [offset, element] of update.flat().entries()) {
      parameter[start + offset]! -= learningRate * scale * element;
    }
  }
};
