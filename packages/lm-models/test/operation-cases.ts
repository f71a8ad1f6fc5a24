import * as tf from '@tensorflow/tfjs';
import { gelu, geluTanh, silu } from '../src/operations/activation.ts';
import { causalAttention, causalMask } from '../src/operations/causal-attention.ts';
import { embeddingLookup } from '../src/operations/embedding-lookup.ts';
import { layerNorm } from '../src/operations/layer-norm.ts';
import { linear } from '../src/operations/linear.ts';
import { repeatHeads } from '../src/operations/repeat-heads.ts';
import { rmsNorm } from '../src/operations/rms-norm.ts';
import { rotaryEmbedding, rotaryTables } from '../src/operations/rotary-embedding.ts';
import { softmaxCrossEntropy } from '../src/operations/softmax-cross-entropy.ts';

export type Operation = (...inputs: tf.Tensor[]) => tf.Tensor;

export interface Case {
  name: string;
  shapes: number[][];
  operation: Operation;
}

const layout = { sequences: 2, positions: 3, heads: 2 };
const labels = [4, 0, 2];

/** One small case of every operation of the model. */
export const cases: Case[] = [
  {
    name: 'layerNorm',
    shapes: [[3, 5], [5]],
    operation: (x, w) => layerNorm(x as tf.Tensor2D, w as tf.Tensor1D),
  },
  {
    name: 'rmsNorm',
    shapes: [[3, 5], [5]],
    operation: (x, w) => rmsNorm(x as tf.Tensor2D, w as tf.Tensor1D),
  },
  { name: 'gelu', shapes: [[3, 5]], operation: gelu },
  { name: 'geluTanh', shapes: [[3, 5]], operation: geluTanh },
  { name: 'silu', shapes: [[3, 5]], operation: silu },
  {
    name: 'embeddingLookup with a repeated token',
    shapes: [[4, 3]],
    operation: (w) => embeddingLookup(w as tf.Tensor2D, tf.tensor1d([2, 0, 2, 3], 'int32')),
  },
  {
    name: 'linear',
    shapes: [
      [3, 4],
      [2, 4],
    ],
    operation: (x, w) => linear(x as tf.Tensor2D, w as tf.Tensor2D),
  },
  {
    name: 'rotaryEmbedding',
    shapes: [[6, 8]],
    operation: (x) => rotaryEmbedding(x as tf.Tensor2D, rotaryTables(3, 2, 4)),
  },
  {
    name: 'rotaryEmbedding of fewer heads than its tables',
    shapes: [[6, 4]],
    operation: (x) => rotaryEmbedding(x as tf.Tensor2D, rotaryTables(3, 2, 4)),
  },
  {
    name: 'repeatHeads',
    shapes: [[3, 4]],
    operation: (x) => repeatHeads(x as tf.Tensor2D, 2, 6),
  },
  {
    name: 'causalAttention',
    shapes: [
      [6, 4],
      [6, 4],
      [6, 4],
    ],
    operation: (q, k, v) =>
      causalAttention(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, causalMask(3), layout),
  },
  ...[0, 0.1].map((zLoss) => ({
    name: `softmaxCrossEntropy with z-loss ${zLoss}`,
    shapes: [[3, 5]],
    operation: (x: tf.Tensor) => softmaxCrossEntropy(x as tf.Tensor2D, tf.tensor1d(labels, 'int32'), zLoss),
  })),
];

const composed = ['silu', 'geluTanh', 'rmsNorm', 'linear', 'repeatHeads'];

/** The operations that run fused kernels where the backend has them. */
export const withKernels = cases.filter(({ name }) => !composed.includes(name));

/** The fused kernels of a training step of the default architecture. */
export const kernelsOfStep = [
  'SteepestCausalAttention',
  'SteepestCausalAttentionGradient',
  'SteepestEmbeddingGradient',
  'SteepestGelu',
  'SteepestGeluGradient',
  'SteepestLayerNorm',
  'SteepestLayerNormGradient',
  'SteepestRotaryEmbedding',
  'SteepestRotaryEmbeddingGradient',
  'SteepestSoftmaxCrossEntropy',
  'SteepestSoftmaxCrossEntropyGradient',
];

/** Smooth, irregular numbers about 1 in size; one phase per input. */
export function numbers(count: number, phase: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => 1.3 * Math.sin(1.7 * i + 2.3 * phase + 0.4));
}

export const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
