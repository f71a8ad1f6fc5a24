// The operations in float64 plain JavaScript, forward only: their gradients are differenced numerically.

export interface Problem {
  /** Numbers of each float input, by the name the kernel knows it by. */
  readonly inputs: Readonly<Record<string, { shape: number[]; data: Float64Array }>>;
  readonly attributes: Readonly<Record<string, number>>;
  /** Token ids or labels. */
  readonly ids?: Int32Array;
}

type Forward = (problem: Problem) => Float64Array;

export const layerNorm: Forward = ({ inputs, attributes }) => {
  const { shape, data } = inputs.x!;
  const weight = inputs.weight!.data;
  const width = shape[1]!;
  const result = new Float64Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    const row = data.subarray(start, start + width);
    const mean = sum(row) / width;
    const variance = sum(row.map((x) => (x - mean) ** 2)) / width;
    const deviation = Math.sqrt(variance + attributes.epsilon!);
    for (const [i, value] of row.entries()) result[start + i] = (weight[i]! * (value - mean)) / deviation;
  }
  return result;
};

export const rmsNorm: Forward = ({ inputs, attributes }) => {
  const { shape, data } = inputs.x!;
  const weight = inputs.weight!.data;
  const width = shape[1]!;
  const result = new Float64Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    const row = data.subarray(start, start + width);
    const root = Math.sqrt(sum(row.map((x) => x * x)) / width + attributes.epsilon!);
    for (const [i, value] of row.entries()) result[start + i] = (weight[i]! * value) / root;
  }
  return result;
};

export const gelu: Forward = ({ inputs }) => inputs.x!.data.map((x) => x * normalDistribution(x));

export const rotaryEmbedding: Forward = ({ inputs, attributes }) => {
  const { x, cosine, sine } = inputs;
  const [positions, width] = cosine!.shape as [number, number];
  const half = attributes.headWidth! / 2;
  return x!.data.map((value, i) => {
    const angle = i % (positions * width);
    const isFirst = (i % width) % (2 * half) < half;
    const partner = x!.data[isFirst ? i + half : i - half]!;
    const turned = isFirst ? -partner : partner;
    return value * cosine!.data[angle]! + turned * sine!.data[angle]!;
  });
};

export const causalAttention: Forward = ({ inputs, attributes }) => {
  const { queries, keys, values } = inputs;
  const { positions, heads } = attributes as { positions: number; heads: number };
  const [rows, width] = queries!.shape as [number, number];
  const headWidth = width / heads;
  const output = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const first = row - (row % positions);
    for (let column = 0; column < width; column += headWidth) {
      const part = ({ data }: { data: Float64Array }, r: number) =>
        data.subarray(r * width + column, r * width + column + headWidth);
      const weights = new Float64Array(row - first + 1).map((_, j) =>
        Math.exp(dot(part(queries!, row), part(keys!, first + j)) / Math.sqrt(headWidth)),
      );
      const total = sum(weights);
      weights.forEach((weight, j) => {
        part(values!, first + j).forEach((value, i) => {
          output[row * width + column + i]! += (weight / total) * value;
        });
      });
    }
  }
  return output;
};

/** The losses of all rows, then their lse. */
export const softmaxCrossEntropy: Forward = ({ inputs, ids }) => {
  const [rows, width] = inputs.logits!.shape as [number, number];
  const losses = new Float64Array(rows);
  const logSumExps = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const logits = inputs.logits!.data.subarray(row * width, (row + 1) * width);
    const logSumExp = Math.log(sum(logits.map(Math.exp)));
    losses[row] = logSumExp - logits[ids![row]!]!;
    logSumExps[row] = logSumExp;
  }
  return Float64Array.of(...losses, ...logSumExps);
};

/** The rows of the gradient added up by token. */
export const embeddingGradient: Forward = ({ inputs, attributes, ids }) => {
  const { shape, data } = inputs.gradient!;
  const width = shape[1]!;
  const vocabularySize = attributes.vocabularySize!;
  const embedding = new Float64Array(vocabularySize * width);
  for (const [row, token] of ids!.entries()) {
    if (token < 0 || token >= vocabularySize) continue;
    for (let i = 0; i < width; i++) embedding[token * width + i]! += data[row * width + i]!;
  }
  return embedding;
};

/** Gradients of sum(weights * forward(inputs)) for the named inputs, by fourth-order central differences. */
export function differences(
  forward: Forward,
  problem: Problem,
  weights: Float64Array,
  names: readonly string[],
): Float64Array[] {
  // In float64 a step of 2^-9 leaves about 1e-10: rounding 1e-16 / step, truncation step^4.
  const step = 2 ** -9;
  return names.map((name) => {
    const { shape, data } = problem.inputs[name]!;
    return data.map((_, element) => {
      const at = (steps: number) => {
        const moved = data.slice();
        moved[element]! += steps * step;
        return dot(
          weights,
          forward({ ...problem, inputs: { ...problem.inputs, [name]: { shape, data: moved } } }),
        );
      };
      return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step);
    });
  });
}

/** Phi(x) by its Taylor series near 0 and its continued fraction further out. */
function normalDistribution(x: number): number {
  const magnitude = Math.abs(x);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (magnitude > 4) {
    let fraction = 0;
    for (let k = 80; k > 0; k--) fraction = k / (magnitude + fraction);
    const tail = density / (magnitude + fraction);
    return x < 0 ? tail : 1 - tail;
  }
  let term = x;
  let series = x;
  for (let n = 1; n < 120; n++) {
    term *= (x * x) / (2 * n + 1);
    series += term;
  }
  return 0.5 + density * series;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((total, value, i) => total + value * b[i]!, 0);
}
