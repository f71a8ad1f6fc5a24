import * as tf from '@tensorflow/tfjs-core';
import { currentKernels } from '../compiler/backend-kernels.ts';

/** How the elements of a tensor count in a sum of squares. */
export interface Counting {
  /** Subtracted first; of the same size. */
  readonly minus?: tf.Tensor | undefined;
  /** Then brought into [-bound, bound]. */
  readonly bound?: number | undefined;
}

/**
 * The sum of squares of a tensor in float64, on a backend that JavaScript reads at once. Elsewhere `scaledNorm` computes norms
 * on the device, by the largest element; neither overflows or underflows. NaN and infinities propagate.
 */
export function sumOfSquares(tensor: tf.Tensor, counting: Counting = {}): number {
  const { minus, bound = Infinity } = counting;
  if (tensor.size === 0) return 0;
  const kernels = currentKernels();
  if (
    kernels?.sumOfSquares !== undefined &&
    tensor.dtype === 'float32' &&
    (minus?.dtype ?? 'float32') === 'float32'
  ) {
    return kernels.sumOfSquares(tensor, counting);
  }
  const values = tensor.dataSync();
  const subtracted = minus?.dataSync();
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const x = subtracted === undefined ? values[i]! : values[i]! - subtracted[i]!;
    const bounded = bound === Infinity ? x : Math.max(-bound, Math.min(bound, x));
    sum += bounded * bounded;
  }
  return sum;
}

/** A norm on the device: `scale * relative`, of which the product may be no float32. */
export interface ScaledNorm {
  readonly scale: tf.Scalar;
  readonly relative: tf.Scalar;
}

/** Largest float32, and a scale below which no square of a relative element underflows. */
const largest = 3.4028234663852886e38;
const smallestScale = 2 ** -100;

/**
 * The Euclidean norm of several tensors together, by operations of tfjs; call within a `tf.tidy`. It holds no more copies at once than
 * of one tensor: those of all gradients would be three times the model.
 */
export function scaledNorm(tensors: readonly tf.Tensor[]): ScaledNorm {
  const filled = tensors.filter(({ size }) => size > 0);
  if (filled.length === 0) return { scale: tf.scalar(1), relative: tf.scalar(0) };
  const maximum = pairwise(
    filled.map((tensor) => tf.tidy(() => tf.max(tf.abs(tensor)))),
    tf.maximum,
  );
  // NaN and infinities do not scale: divided by 1 they reach the sum as they are.
  const scales = tf.lessEqual(maximum, largest);
  const scale = tf.where(scales, tf.maximum(maximum, smallestScale), tf.onesLike(maximum)) as tf.Scalar;
  const squares = filled.map((tensor) => tf.tidy(() => tf.sum(tf.square(tf.div(tensor, scale)))));
  return { scale, relative: tf.sqrt(pairwise(squares, tf.add)) as tf.Scalar };
}

/** The number that a `ScaledNorm` is. */
export async function readNorm({ scale, relative }: ScaledNorm): Promise<number> {
  // Both are asked for at once: the tensors may be gone after the first wait.
  const [[factor], [norm]] = await Promise.all([scale.data(), relative.data()]);
  return factor! * norm!;
}

/**
 * Joins many tensors two at a time. A kernel that takes all at once binds each to a buffer of its own, of which WebGPU has
 * eight: `tf.addN` of more than seven tensors reads stale memory there, in tfjs-backend-webgpu 4.22.
 */
export function pairwise(
  tensors: readonly tf.Tensor[],
  join: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  let rest = [...tensors];
  while (rest.length > 1) {
    const joined: tf.Tensor[] = [];
    for (let i = 0; i + 1 < rest.length; i += 2) joined.push(join(rest[i]!, rest[i + 1]!));
    if (rest.length % 2 === 1) joined.push(rest.at(-1)!);
    rest = joined;
  }
  return rest[0]!;
}
