import { util } from '@tensorflow/tfjs-core';
import { declareKernel } from './declare-kernel.ts';
import type { GradientAttributes } from './training-kernel.ts';

/** Attributes of {@link causalAttentionKernel}: how rows are cut into sequences and columns into heads. */
export interface AttentionLayout {
  readonly sequences: number;
  readonly positions: number;
  readonly heads: number;
}

/** The gradients of `queries`, `keys` and `values` from that of {@link causalAttentionKernel}'s `y`. */
export const causalAttentionGradientKernel = declareKernel({
  name: 'SteepestCausalAttentionGradient',
  inputs: { queries: 'float32', keys: 'float32', values: 'float32', gradient: 'float32' },
  outputs: ['queries', 'keys', 'values'],
  shapes: ({ queries }, layout: AttentionLayout & GradientAttributes) => {
    const shape = shapeOf('SteepestCausalAttentionGradient', queries, layout);
    return { queries: shape, keys: shape, values: shape, gradient: shape };
  },
});

/**
 * `y = softmax(q k^T / sqrt(headWidth)) v` in every head, each position looking at itself and those before it (Vaswani et
 * al. 2017, arXiv 1706.03762, eq. 1). All are [sequences * positions, heads * headWidth].
 */
export const causalAttentionKernel = declareKernel(
  {
    name: 'SteepestCausalAttention',
    inputs: { queries: 'float32', keys: 'float32', values: 'float32' },
    outputs: ['y'],
    shapes: ({ queries }, layout: AttentionLayout) => {
      const shape = shapeOf('SteepestCausalAttention', queries, layout);
      return { queries: shape, keys: shape, values: shape };
    },
  },
  {
    kernel: causalAttentionGradientKernel,
    saved: ['queries', 'keys', 'values'],
    gradientOf: { y: 'gradient' },
  },
);

function shapeOf(
  kernel: string,
  queries: readonly number[],
  { sequences, positions, heads }: AttentionLayout,
): number[] {
  const headWidth = queries[1]! / heads;
  util.assert(
    [sequences, positions, heads, headWidth].every((length) => Number.isInteger(length) && length > 0),
    () =>
      `${kernel}: [${queries}] cannot be cut into ${sequences} sequences of ${positions} positions and ` +
      `${heads} heads.`,
  );
  return [sequences * positions, heads * headWidth];
}
