import * as tf from '@tensorflow/tfjs-core';
import { div, maximum, minimum, square } from '../rule/expression.ts';
import { finiteness, GradientSum } from './gradient-expressions.ts';

/** A gradient with the variable it belongs to. */
export interface NamedGradient {
  readonly variable: tf.Variable;
  readonly gradient: tf.Tensor;
}

/** What `applyGradients` takes: a map, or a list as `minimize` makes it, in which a gradient may be missing. */
export type GradientInput =
  | Readonly<Record<string, tf.Tensor | null | undefined>>
  | readonly { readonly name: string; readonly tensor?: tf.Tensor | null }[];

/**
 * Pairs gradients with variables, in the order of the names, so that no result depends on the order of the keys.
 *
 * @throws Error naming the variable: unknown, given twice, not float32, or of another shape than its gradient.
 */
export function pairGradients(input: GradientInput): NamedGradient[] {
  const entries = Array.isArray(input)
    ? input.map(({ name, tensor }) => [name, tensor] as const)
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
    if (!tf.util.arraysEqual(variable.shape, gradient.shape)) {
      throw new Error(
        `gradient of "${name}" has shape [${gradient.shape}], but the variable has shape [${variable.shape}]`,
      );
    }
    pairs.push({ variable, gradient });
  }
  return pairs.sort((a, b) => (a.variable.name < b.variable.name ? -1 : 1));
}

/** The global norm of gradients that are the sum of several, and clipped by value. */
export class GlobalNorm {
  private readonly squares: GradientSum;

  /** @param count How many gradients each is the sum of. */
  constructor(count: number, clipValue: number | undefined) {
    this.squares = new GradientSum((gradient) => {
      const mean = count === 1 ? gradient : div(gradient, count);
      return square(clipValue === undefined ? mean : minimum(maximum(mean, -clipValue), clipValue));
    });
  }

  /** Euclidean norm of all gradients together, as a scalar tensor. */
  of(gradients: readonly NamedGradient[]): tf.Scalar {
    return tf.tidy(() => {
      const squares = this.squares.ofAll(gradients.map(({ gradient }) => gradient));
      return tf.reshape(tf.sqrt(squares), []) as tf.Scalar;
    });
  }
}

/**
 * The factor that brings the global norm down to `limit`: `min(1, limit / (norm + 1e-6))`, as in PyTorch's
 * `clip_grad_norm_` and study A's code.
 */
export function clipFactor(norm: tf.Scalar, limit: number): tf.Scalar {
  return tf.tidy(() => tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6))) as tf.Scalar);
}

/**
 * Whether no gradient holds NaN or an infinity. Reads one number, synchronously.
 *
 * @throws Error on a backend that cannot read synchronously.
 */
export function allFinite(gradients: readonly NamedGradient[]): boolean {
  if (gradients.length === 0) return true;
  const sum = finiteness.ofAll(gradients.map(({ gradient }) => gradient));
  try {
    return sum.dataSync()[0] === 0;
  } catch (cause) {
    throw new Error(
      `skipNonFinite reads one number a step, which the backend "${tf.getBackend()}" cannot do synchronously`,
      { cause },
    );
  } finally {
    sum.dispose();
  }
}
