import type { GradientInput, Optimizer, ParameterInfo } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';

/** Options of an optimizer whose names are not known when the suite is written. */
export type AnyOptions = Readonly<Record<string, unknown>>;

/** Values of a model's parameters by name. */
export type Values = Readonly<Record<string, Float32Array>>;

/** Gradients of one step by name; null or missing where a parameter has none. */
export type Gradients = Readonly<Record<string, Float32Array | null>>;

/** The gradients of each step, counted from 1. */
export type GradientsOf = (step: number) => Gradients;

/** A parameter of a test model; its name begins with `conformance/`. */
export function parameter(name: string, shape: readonly number[], role?: string): ParameterInfo {
  const size = shape.reduce((product, length) => product * length, 1);
  return { name: `conformance/${name}`, shape, size, ...(role === undefined ? {} : { role }) };
}

/** A parameter of every rank and role; `first/matrix` and `second/matrix` differ in nothing but values. */
export const allParameters: readonly ParameterInfo[] = [
  parameter('first/scalar', []),
  parameter('first/one', [1]),
  parameter('first/bias', [5], 'bias'),
  parameter('first/matrix', [3, 4], 'matrix'),
  parameter('first/tensor', [2, 3, 2]),
  parameter('second/embedding', [5, 3], 'embedding'),
  parameter('second/lastLayer', [4, 3], 'lastLayer'),
  parameter('second/matrix', [3, 4], 'matrix'),
  parameter('second/norm', [4], 'norm'),
  parameter('second/qkv', [6, 3], 'qkv'),
];

/** The shape of a parameter that an optimizer is checked with. */
export interface TestedShape {
  readonly shape: readonly number[];
  /** A role that the optimizer may look at, such as `embedding`. */
  readonly role?: string;
}

/**
 * Long rows and columns, kernels of convolutions and tensors of thousands of elements, none of them a multiple of the
 * four numbers that a vector instruction takes.
 */
export const largeShapes: readonly TestedShape[] = [
  { shape: [4099], role: 'bias' },
  { shape: [1, 257] },
  { shape: [259, 1] },
  { shape: [3, 85] },
  { shape: [65, 67], role: 'matrix' },
  { shape: [71, 9], role: 'embedding' },
  { shape: [73, 7], role: 'lastLayer' },
  { shape: [66, 11], role: 'qkv' },
  { shape: [3, 3, 5, 7] },
  { shape: [2, 1, 3, 2, 5] },
];

/** Parameters of the given shapes. */
export function parametersOf(shapes: readonly TestedShape[]): ParameterInfo[] {
  return shapes.map(({ shape, role }, index) => parameter(`shape${index}-${shape.join('x')}`, shape, role));
}

/** Whether a parameter is among the few of long runs. */
export const isOfFew = ({ name }: ParameterInfo): boolean =>
  ['first/bias', 'first/matrix', 'second/matrix', 'second/qkv'].some((end) => name.endsWith(end));

/** Selects the half of the parameters whose names begin with `second`. */
export const secondHalf = 'conformance/second/**';

export const isInSecondHalf = ({ name }: { readonly name: string }): boolean =>
  name.startsWith('conformance/second/');

/** A whole number in [-limit, limit] that depends on its arguments as if at random. */
function scattered(limit: number, ...keys: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const key of keys) {
    hash = Math.imul(hash ^ (key + 0x7f4a7c15), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return ((hash >>> 0) % (2 * limit + 1)) - limit;
}

/** A number that tells a parameter from others. */
function indexOf({ name }: ParameterInfo): number {
  const index = allParameters.findIndex((parameter) => parameter.name === name);
  return index >= 0
    ? index
    : [...name].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 65_521, 0);
}

/**
 * The gradient of a parameter at a step: multiples of 2^-10 whose scale differs between parameters, so that sums of a
 * few are exact in float32. Some elements are zero, but never a whole tensor.
 */
export function gradientAt(info: ParameterInfo, step: number): Float32Array {
  const index = indexOf(info);
  const scale = 2 ** ((index % 4) - 10);
  return Float32Array.from({ length: info.size }, (_, element) => {
    const value = scattered(512, index, step, element);
    return (value === 0 ? 1 : element > 0 && value % 11 === 0 ? 0 : value) * scale;
  });
}

/** Gradients that always point one way, as on a slope: by them an estimated step size grows. */
export function steadyGradientsOf(parameters: readonly ParameterInfo[]): GradientsOf {
  return (step) =>
    Object.fromEntries(parameters.map((info) => [info.name, gradientAt(info, step).map(Math.abs)]));
}

/** {@link gradientAt} of several parameters. */
export function gradientsOf(parameters: readonly ParameterInfo[]): GradientsOf {
  return (step) => Object.fromEntries(parameters.map((info) => [info.name, gradientAt(info, step)]));
}

/** Values before the first step: multiples of 2^-8 up to 2. */
export function initialValue(info: ParameterInfo): Float32Array {
  const index = indexOf(info);
  return Float32Array.from(
    { length: info.size },
    (_, element) => (scattered(512, index, 0, element) || 1) / 256,
  );
}

/** Variables to train; dispose it, since tfjs allows one variable of a name at a time. */
export class TestModel {
  private readonly variables: readonly tf.Variable[];

  constructor(
    readonly parameters: readonly ParameterInfo[],
    initialOf: (info: ParameterInfo) => Float32Array = initialValue,
  ) {
    this.variables = tf.tidy(() =>
      parameters.map((info) => {
        const initial = tf.tensor(initialOf(info), [...info.shape], 'float32');
        return Object.assign(tf.variable(initial, true, info.name), { role: info.role });
      }),
    );
  }

  /** Tensors of the gradients that it has a variable for, which the caller disposes. */
  tensors(gradients: Gradients): tf.NamedTensorMap {
    const entries = this.parameters.flatMap(({ name, shape }) => {
      const data = gradients[name] ?? null;
      return data === null ? [] : [[name, tf.tensor(data, [...shape], 'float32')] as const];
    });
    return Object.fromEntries(entries);
  }

  /** Copies of the variables, which the caller disposes. tfjs lets them share their memory. */
  copies(): tf.NamedTensorMap {
    return Object.fromEntries(this.variables.map((variable) => [variable.name, tf.clone(variable)]));
  }

  /** Those of one step's gradients that it has a variable for, in the order of their keys, as tensors of a `tf.tidy`. */
  private given(gradients: Gradients, form: 'map' | 'list' = 'map'): GradientInput {
    const entries = Object.entries(gradients).flatMap(([name, data]) => {
      const info = this.parameters.find((parameter) => parameter.name === name);
      if (info === undefined) return [];
      return [[name, data === null ? null : tf.tensor(data, [...info.shape], 'float32')] as const];
    });
    return form === 'map' ? Object.fromEntries(entries) : entries.map(([name, tensor]) => ({ name, tensor }));
  }

  /** Applies those of one step's gradients that it has a variable for. */
  apply(optimizer: Optimizer, gradients: Gradients, form: 'map' | 'list' = 'map'): void {
    tf.tidy(() => optimizer.applyGradients(this.given(gradients, form)));
  }

  /** {@link apply} where `skipNonFinite` is on, which some backends cannot do at once. */
  async applyAsync(optimizer: Optimizer, gradients: Gradients): Promise<void> {
    let settled: Promise<void> | undefined;
    tf.tidy(() => {
      settled = optimizer.applyGradientsAsync(this.given(gradients));
    });
    await settled;
  }

  /** Trains through the steps `from` to `to`, both included. */
  train(optimizer: Optimizer, from: number, to: number, gradients = gradientsOf(this.parameters)): void {
    for (let step = from; step <= to; step++) this.apply(optimizer, gradients(step));
  }

  /** {@link train} by {@link applyAsync}. */
  async trainAsync(optimizer: Optimizer, from: number, to: number): Promise<void> {
    const gradients = gradientsOf(this.parameters);
    for (let step = from; step <= to; step++) await this.applyAsync(optimizer, gradients(step));
  }

  async values(): Promise<Values> {
    const entries = this.variables.map(async (variable) => {
      return [variable.name, (await variable.data()).slice() as Float32Array] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  assign(values: Values): void {
    tf.tidy(() => {
      for (const variable of this.variables) {
        variable.assign(tf.tensor(values[variable.name]!, variable.shape, 'float32'));
      }
    });
  }

  dispose(): void {
    for (const variable of this.variables) variable.dispose();
  }
}

/** Runs `body` with a model that is gone afterwards, whatever happens. */
export async function withModel<T>(
  parameters: readonly ParameterInfo[],
  body: (model: TestModel) => Promise<T>,
  initialOf?: (info: ParameterInfo) => Float32Array,
): Promise<T> {
  await tf.ready();
  const model = new TestModel(parameters, initialOf);
  try {
    return await body(model);
  } finally {
    model.dispose();
  }
}
