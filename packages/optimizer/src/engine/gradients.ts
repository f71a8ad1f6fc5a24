import * as tf from '@tensorflow/tfjs-core';
import { readsAtOnce } from '../interpreters/backend-traits.ts';
import { type ScaledNorm, scaledNorm, sumOfSquares } from './norms.ts';
import { show } from './option-checks.ts';

/** A gradient with the variable it belongs to. */
export interface NamedGradient {
  readonly variable: tf.Variable;
  readonly gradient: tf.Tensor;
}

/** What `applyGradients` takes: a map, or a list as `minimize` makes it, in which a gradient may be missing. */
export type GradientInput =
  | Readonly<Record<string, tf.Tensor | null | undefined>>
  | readonly { readonly name: string; readonly tensor?: tf.Tensor | null | undefined }[];

/**
 * Pairs gradients with variables, in the order of the names, so that no result depends on the order of the keys.
 *
 * @throws Error naming the variable: unknown, given twice, not float32, or with a gradient that is disposed or of another shape; or if
 *   the gradients, or an entry of their list, are something else, such as a promise of them
 */
export function pairGradients(input: GradientInput): NamedGradient[] {
  // Of a promise or a Map no key is a name: a step of no gradient at all would be counted.
  if (!Array.isArray(input) && Object.prototype.toString.call(input) !== '[object Object]') {
    throw new Error(
      `gradients must be tensors by the names of variables, or a list of { name, tensor }, got ${show(input)}`,
    );
  }
  const entries = Array.isArray(input)
    ? input.map(namedTensor)
    : Object.entries(input as Record<string, tf.Tensor | null | undefined>);
  const variables = tf.engine().registeredVariables;
  const seen = new Set<string>();
  const pairs: NamedGradient[] = [];
  for (const [name, gradient] of entries) {
    if (seen.has(name)) throw new Error(`two gradients are given for variable "${name}"`);
    seen.add(name);
    if (gradient === null || gradient === undefined) continue;
    const variable = variables[name];
    if (variable === undefined) {
      throw new Error(
        `gradient for unknown variable "${name}": no variable of that name is registered with tfjs`,
      );
    }
    if (variable.dtype !== 'float32') {
      throw new Error(`variable "${name}" is ${variable.dtype}; only float32 variables can be optimized`);
    }
    if (!(gradient instanceof tf.Tensor) || gradient.isDisposed) {
      throw new Error(
        `the gradient of "${name}" is ${gradient instanceof tf.Tensor ? 'disposed' : `no tensor: ${show(gradient)}`}`,
      );
    }
    if (!tf.util.arraysEqual(variable.shape, gradient.shape)) {
      throw new Error(
        `gradient of "${name}" has shape [${gradient.shape}], but the variable has shape [${variable.shape}]`,
      );
    }
    pairs.push({ variable, gradient });
  }
  return pairs.sort((a, b) => (a.variable.name < b.variable.name ? -1 : 1));
}

/** An entry of a list. Of a bare tensor, a pair, or a gradient under another key, a step of no gradient would be counted. */
function namedTensor(entry: unknown, index: number): readonly [string, tf.Tensor | null | undefined] {
  const { name, tensor } = Object(entry) as { readonly name?: unknown; readonly tensor?: tf.Tensor | null };
  if (typeof name === 'string' && 'tensor' in Object(entry) && !(entry instanceof tf.Tensor))
    return [name, tensor];
  const kind = entry instanceof tf.Tensor ? 'a tensor' : Array.isArray(entry) ? 'a list' : undefined;
  const keys = typeof entry === 'object' && entry !== null ? Object.keys(entry) : [];
  const got = kind ?? (keys.length === 0 ? show(entry) : `an object with ${keys.join(', ')}`);
  throw new Error(`gradients[${index}] must be { name, tensor }, got ${got}`);
}

/** The global norm of some gradients: in float64 on backends that JavaScript reads at once, else on the device. */
export type GlobalNorm = number | ScaledNorm;

/**
 * Takes the norm of all gradients together, within a `tf.tidy`.
 *
 * @param count How many gradients each is the sum of.
 * @param clipValue Every element of the mean is brought into [-clipValue, clipValue] first.
 */
export function globalNorm(
  gradients: readonly NamedGradient[],
  count: number,
  clipValue = Infinity,
): GlobalNorm {
  if (readsAtOnce()) {
    // The sum is bounded instead of the mean: no copy is made.
    const bound = clipValue * count;
    const squares = gradients.map(({ gradient }) => sumOfSquares(gradient, { bound }));
    return Math.sqrt(squares.reduce((total, square) => total + square, 0)) / count;
  }
  return scaledNorm(
    gradients.map(({ gradient }) => bounded(count === 1 ? gradient : tf.div(gradient, count), clipValue)),
  );
}

/**
 * The factor that brings a norm down to a limit: `min(1, limit / (norm + epsilon))`, as in PyTorch's `clip_grad_norm_` and the
 * code of Zhao et al. (2024), where `epsilon` is 1e-6. Call within a `tf.tidy`.
 */
export function clipFactor(norm: GlobalNorm, limit: number, epsilon: number): tf.Scalar {
  if (typeof norm === 'number') return tf.scalar(Math.min(1, limit / (norm + epsilon)));
  const { scale, relative } = norm;
  const shifted = tf.add(relative, tf.div(epsilon, scale));
  return tf.minimum(tf.div(tf.div(limit, scale), shifted), 1) as tf.Scalar;
}

function bounded(gradient: tf.Tensor, bound: number): tf.Tensor {
  return bound === Infinity ? gradient : tf.minimum(tf.maximum(gradient, -bound), bound);
}
