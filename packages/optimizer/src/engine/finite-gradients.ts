import * as tf from '@tensorflow/tfjs-core';
import { readsAtOnce } from '../interpreters/backend-traits.ts';
import { concatenated } from '../interpreters/concatenated.ts';
import type { NamedGradient } from './gradients.ts';
import { pairwise, sumOfSquares } from './norms.ts';

/** Names of variables with NaN or an infinity in their gradients. */
export type NonFiniteNames = ReadonlySet<string>;

/**
 * Whether no gradient holds NaN or an infinity. Unless that is known, it reads one number, synchronously.
 *
 * @param known Those of these gradients, and maybe of others, that do.
 * @throws Error on a backend that cannot read synchronously.
 */
export function allFinite(gradients: readonly NamedGradient[], known?: NonFiniteNames): boolean {
  if (known !== undefined) return gradients.every(({ variable }) => !known.has(variable.name));
  const filled = gradients.filter(({ gradient }) => gradient.size > 0);
  if (filled.length === 0) return true;
  // In float64 the squares of finite gradients have a finite sum.
  if (readsAtOnce()) return filled.every(({ gradient }) => Number.isFinite(sumOfSquares(gradient)));
  const sum = tf.tidy(() =>
    pairwise(
      filled.map(({ gradient }) => mark(gradient)),
      tf.add,
    ),
  );
  try {
    return sum.dataSync()[0] === 0;
  } catch (cause) {
    throw new Error(
      `skipNonFinite reads one number per step, which the backend "${tf.getBackend()}" cannot do synchronously; ` +
        'await minimizeAsync or applyGradientsAsync instead',
      { cause },
    );
  } finally {
    sum.dispose();
  }
}

/** 0 if all elements are finite, else NaN: 0 times a number is 0, and NaN times NaN or an infinity. */
function mark(gradient: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.sum(tf.mul(gradient, 0)));
}

/** The marks of gradients, where they were computed: those of `allFinite`, one for each. */
export class FiniteMarks {
  private readonly names: readonly string[];
  private readonly marks: tf.Tensor | undefined;

  constructor(gradients: readonly NamedGradient[]) {
    const filled = gradients.filter(({ gradient }) => gradient.size > 0);
    this.names = filled.map(({ variable }) => variable.name);
    if (filled.length === 0) return;
    const marks = tf.tidy(() =>
      concatenated(
        filled.map(({ gradient }) => tf.reshape(mark(gradient), [1])),
        0,
      ),
    );
    this.marks = tf.keep(marks);
  }

  /** Reads them, without blocking, and frees them. */
  async read(): Promise<NonFiniteNames> {
    try {
      const values = await this.marks?.data();
      return new Set(this.names.filter((_, index) => values![index] !== 0));
    } finally {
      this.marks?.dispose();
    }
  }
}
