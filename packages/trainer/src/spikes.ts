import {
  abs,
  add,
  div,
  max,
  maximum,
  type NamedTensorMap,
  scalar,
  square,
  sum,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { pushRecent } from './recent.ts';

/** Which steps to skip for a loss or gradient norm that is far above those before. */
export interface SpikeOptions {
  /** Standard deviations above the mean of the last values that make a spike; by default 6. */
  readonly deviations?: number | undefined;
  /** How many steps before it a value is compared with; by default 128. */
  readonly window?: number | undefined;
}

/** The values of the last steps, skipped ones included, and how many steps were skipped. */
export interface SpikeCounters {
  losses: number[];
  gradientNorms: number[];
  skipped: number;
}

/** Fewer values say too little about what is usual. */
const fewest = 20;

/**
 * Whether a step is a spike: its loss, or the global norm of its gradients, is more than so many standard deviations above
 * the mean of the steps before it, or its gradients are not finite. The first steps never are. Either way the step is noted.
 *
 * It is the rule of OLMo-core's SkipStepOptimizer (Allen Institute for AI), which skips values that far below the mean, too.
 */
export function isSpike(
  counters: SpikeCounters,
  loss: number,
  gradientNorm: number,
  { deviations, window }: { readonly deviations: number; readonly window: number },
): boolean {
  const { losses, gradientNorms } = counters;
  const enough = losses.length + 1 >= Math.max(fewest, Math.floor(window / 2));
  const spike =
    !Number.isFinite(gradientNorm) ||
    (enough && (isFarAbove(loss, losses, deviations) || isFarAbove(gradientNorm, gradientNorms, deviations)));
  pushRecent(losses, loss, window);
  if (Number.isFinite(gradientNorm)) pushRecent(gradientNorms, gradientNorm, window);
  if (spike) counters.skipped += 1;
  return spike;
}

function isFarAbove(value: number, before: readonly number[], deviations: number): boolean {
  if (before.length < 2) return false;
  const mean = before.reduce((total, x) => total + x, 0) / before.length;
  const variance = before.reduce((total, x) => total + (x - mean) ** 2, 0) / (before.length - 1);
  return value - mean > deviations * Math.sqrt(variance);
}

/** The global norm of gradients before clipping, also where the square of a finite one leaves the range of float32. */
export async function globalNorm(gradients: NamedTensorMap): Promise<number> {
  // Of no elements, the wasm backend gives whatever its memory holds as the sum.
  const parts = Object.values(gradients).filter(({ size }) => size > 0);
  const norm = Math.sqrt(await numberOf(() => sumOfSquares(parts)));
  if (norm !== Number.POSITIVE_INFINITY) return norm;
  const largest = await numberOf(() => pairwise(parts, (part) => max(abs(part)), maximum));
  if (!Number.isFinite(largest)) return norm;
  return largest * Math.sqrt(await numberOf(() => sumOfSquares(parts.map((part) => div(part, largest)))));
}

function sumOfSquares(parts: readonly Tensor[]): Tensor {
  return pairwise(parts, (part) => sum(square(part)), add);
}

/** A number of all tensors, joined two at a time: WebGPU reads stale memory where a kernel takes more than seven. */
function pairwise(
  parts: readonly Tensor[],
  numberOf: (part: Tensor) => Tensor,
  join: (a: Tensor, b: Tensor) => Tensor,
): Tensor {
  return parts.map(numberOf).reduce(join, scalar(0));
}

async function numberOf(compute: () => Tensor): Promise<number> {
  const result = tidy(compute);
  const [value] = await result.data();
  result.dispose();
  return value!;
}
