import { util } from '@tensorflow/tfjs-core';
import { declareKernel } from './declare-kernel.ts';
import type { Shapes } from './training-kernel.ts';

/** Attributes of {@link rotaryEmbeddingKernel}. */
export interface RotaryEmbeddingAttributes {
  /** Columns of a head, an even number that divides the width. */
  readonly headWidth: number;
}

/** The gradient of `x` from that of {@link rotaryEmbeddingKernel}'s `y`: the rotation backwards. */
export const rotaryEmbeddingGradientKernel = declareKernel({
  name: 'SteepestRotaryEmbeddingGradient',
  inputs: { gradient: 'float32', cosine: 'float32', sine: 'float32' },
  outputs: ['x'],
  shapes: ({ gradient, cosine }, { headWidth }: RotaryEmbeddingAttributes) => ({
    gradient,
    ...tableShapes('SteepestRotaryEmbeddingGradient', 'gradient', gradient, cosine, headWidth),
  }),
});

/**
 * Turns each pair (a, b) of a head by the angle of its position, to `a cos - b sin` and `b cos + a sin` (Su et al. 2021,
 * arXiv 2104.09864). `x` and `y` are [sequences * positions, heads * headWidth]; a and b lie headWidth / 2 columns apart.
 * `cosine` and `sine` are [positions, heads * headWidth] and have no gradients; those of a and b are the same.
 */
export const rotaryEmbeddingKernel = declareKernel(
  {
    name: 'SteepestRotaryEmbedding',
    inputs: { x: 'float32', cosine: 'float32', sine: 'float32' },
    outputs: ['y'],
    shapes: ({ x, cosine }, { headWidth }: RotaryEmbeddingAttributes) => ({
      x,
      ...tableShapes('SteepestRotaryEmbedding', 'x', x, cosine, headWidth),
    }),
  },
  {
    kernel: rotaryEmbeddingGradientKernel,
    saved: ['cosine', 'sine'],
    gradientOf: { y: 'gradient' },
  },
);

function tableShapes(
  kernel: string,
  name: string,
  x: readonly number[],
  cosine: readonly number[],
  headWidth: number,
): Shapes<'cosine' | 'sine'> {
  const width = x[1]!;
  const positions = cosine[0]!;
  util.assert(
    x.length === 2 && headWidth > 0 && headWidth % 2 === 0 && width % headWidth === 0,
    () =>
      `${kernel}: ${name} must be [rows, heads * headWidth] with an even headWidth, got [${x}], ${headWidth}.`,
  );
  util.assert(positions > 0, () => `${kernel}: the tables are empty.`);
  return { cosine: [positions, width], sine: [positions, width] };
}
