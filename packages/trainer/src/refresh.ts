import { variableGradients } from '@steepest/optimizer';
import {
  cast,
  cumsum,
  customGrad,
  dispose,
  div,
  type GradSaveFunc,
  lessEqual,
  logSumExp,
  minimum,
  mul,
  type NamedTensorMap,
  oneHot,
  reshape,
  type Scalar,
  slice,
  softmax,
  sub,
  sum,
  type Tensor1D,
  type Tensor2D,
  tensor2d,
} from '@tensorflow/tfjs-core';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { mersenne } from 'pure-rand/generator/mersenne';
import type { TokenBatch, TrainableModel } from './interfaces.ts';
import type { LogitsModel } from './token-evaluation.ts';

/** When to refresh an optimizer that estimates curvature, such as Sophia. */
export interface RefreshOptions {
  /** Refresh before steps 1, 1 + every, 1 + 2 * every and so on. */
  readonly every: number;
  /** Seed of the labels that are drawn, a whole number from 0 to 2^32 - 1. Default 0. */
  readonly seed?: number | undefined;
}

/** Whether a refresh comes before a step, counted from 1. */
export function refreshIsDue(refresh: RefreshOptions | undefined, step: number): boolean {
  return refresh !== undefined && (step - 1) % refresh.every === 0;
}

/**
 * Gradients whose squares are the Gauss-Newton-Bartlett estimate of the diagonal of the Gauss-Newton matrix: for each
 * of the B predictions of a batch a label is drawn from the model's own distribution, and the gradient of the mean
 * cross-entropy on these labels is multiplied by sqrt(B).
 *
 * Liu et al. 2023 (arXiv 2305.14342), algorithm 2, where the estimate is B * gradient * gradient. The labels depend on
 * the seed, the step and the logits only, so that a resumed run draws the same ones.
 *
 * @returns gradients by variable name, which the caller disposes
 * @throws Error when the loss on the drawn labels is not finite
 */
export async function curvatureGradients(
  model: Pick<TrainableModel, 'variables'> & LogitsModel,
  batch: TokenBatch,
  seed: number,
  step: number,
): Promise<NamedTensorMap> {
  const { batchSize, sequenceLength } = batch;
  const positions = sequenceLength - 1;
  const tokens = tensor2d(batch.tokens, [batchSize, sequenceLength], 'int32');
  const uniforms = uniformColumn(batchSize * positions, drawSeed(seed, step));
  try {
    const { value, grads } = variableGradients(() => {
      const logits = model.logits(slice(tokens, [0, 0], [batchSize, positions]));
      return drawnLoss(reshape(logits, [batchSize * positions, logits.shape[2]]), uniforms);
    }, model.variables);
    const [loss] = await value.data();
    value.dispose();
    if (!Number.isFinite(loss)) {
      dispose(grads);
      throw new Error(`the loss on labels drawn for the refresh before step ${step} became ${loss}`);
    }
    return grads;
  } finally {
    dispose([tokens, uniforms]);
  }
}

/**
 * The sum of the cross-entropies on drawn labels by the square root of their number; labels count as constants.
 *
 * @param logits [rows, indices]
 * @param uniforms [rows, 1], from 0 to below 1
 */
export function drawnLoss(logits: Tensor2D, uniforms: Tensor2D): Scalar {
  const [rows, indices] = logits.shape;
  const scale = Math.sqrt(rows);
  const loss = customGrad((input, save) => {
    const values = input as Tensor2D;
    const probabilities = softmax(values);
    const chosen = cast(oneHot(drawLabels(probabilities, uniforms), indices), 'float32');
    (save as GradSaveFunc)([sub(probabilities, chosen)]);
    return {
      value: div(sum(sub(logSumExp(values, 1), sum(mul(values, chosen), 1))), scale),
      gradFunc: (dy, [difference]) => mul(difference!, div(dy, scale)),
    };
  });
  return loss(logits) as Scalar;
}

/**
 * Draws an index per row by inversion: the number of indices whose cumulative probability is at most the row's uniform
 * number. An index of probability 0 is never drawn.
 *
 * @param probabilities [rows, indices]
 * @param uniforms [rows, 1], from 0 to below 1
 * @returns int32 [rows]
 */
export function drawLabels(probabilities: Tensor2D, uniforms: Tensor2D): Tensor1D {
  const [rows, indices] = probabilities.shape;
  const cumulative = cumsum(probabilities, 1);
  // Rounding leaves the last sum slightly off 1.
  const total = slice(cumulative, [0, indices - 1], [rows, 1]);
  const below = sum(cast(lessEqual(cumulative, mul(uniforms, total)), 'float32'), 1);
  return cast(minimum(below, indices - 1), 'int32') as Tensor1D;
}

function uniformColumn(count: number, seed: number): Tensor2D {
  const random = mersenne(seed);
  // The largest float64 below 1 would round to 1 in float32.
  const below1 = 1 - 2 ** -24;
  const values = Float32Array.from({ length: count }, () => Math.min(uniformFloat64(random), below1));
  return tensor2d(values, [count, 1]);
}

/** One seed per seed and step: each goes through the finalizer of MurmurHash3, so that near ones have nothing in common. */
function drawSeed(seed: number, step: number): number {
  return mixed(mixed(seed | 0) ^ (step | 0));
}

function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
