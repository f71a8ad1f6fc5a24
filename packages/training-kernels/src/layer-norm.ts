import { declareKernel } from './declare-kernel.ts';
import { matrixShape } from './matrix-shape.ts';
import type { GradientAttributes } from './training-kernel.ts';

/** Attributes of {@link layerNormKernel}. */
export interface LayerNormAttributes {
  /** Added to the variance. */
  readonly epsilon: number;
}

/** The gradients of `x` and `weight` from that of {@link layerNormKernel}'s `y`. */
export const layerNormGradientKernel = declareKernel({
  name: 'SteepestLayerNormGradient',
  inputs: {
    x: 'float32',
    weight: 'float32',
    means: 'float32',
    inverses: 'float32',
    gradient: 'float32',
  },
  outputs: ['x', 'weight'],
  shapes: ({ x }, _: GradientAttributes) => {
    const [rows, width] = matrixShape('SteepestLayerNormGradient', x);
    return { x, weight: [width], means: [rows], inverses: [rows], gradient: x };
  },
});

/**
 * `y = weight (x - mean) / sqrt(variance + epsilon)` over the rows of `x` [rows, width], with `weight` [width] (Ba et al.
 * 2016, arXiv 1607.06450). `means` and `inverses` [rows] are the means and `1 / sqrt(variance + epsilon)` of the rows; only
 * `y` has a gradient.
 */
export const layerNormKernel = declareKernel(
  {
    name: 'SteepestLayerNorm',
    inputs: { x: 'float32', weight: 'float32' },
    outputs: ['y', 'means', 'inverses'],
    shapes: ({ x }, _: LayerNormAttributes) => {
      const [, width] = matrixShape('SteepestLayerNorm', x);
      return { x, weight: [width] };
    },
  },
  {
    kernel: layerNormGradientKernel,
    saved: ['x', 'weight', 'means', 'inverses'],
    gradientOf: { y: 'gradient' },
  },
);
