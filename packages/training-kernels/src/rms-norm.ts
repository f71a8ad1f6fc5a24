import { declareKernel } from './declare-kernel.ts';
import { matrixShape } from './matrix-shape.ts';
import type { GradientAttributes } from './training-kernel.ts';

/** Attributes of {@link rmsNormKernel}. */
export interface RmsNormAttributes {
  /** Added to the mean square. */
  readonly epsilon: number;
}

/** The gradients of `x` and `weight` from that of {@link rmsNormKernel}'s `y`. */
export const rmsNormGradientKernel = declareKernel({
  name: 'SteepestRmsNormGradient',
  inputs: { x: 'float32', weight: 'float32', inverses: 'float32', gradient: 'float32' },
  outputs: ['x', 'weight'],
  shapes: ({ x }, _: GradientAttributes) => {
    const [rows, width] = matrixShape('SteepestRmsNormGradient', x);
    return { x, weight: [width], inverses: [rows], gradient: x };
  },
});

/**
 * `y = weight x / sqrt(mean(x^2) + epsilon)` over the rows of `x` [rows, width], with `weight` [width] (Zhang and Sennrich 2019,
 * arXiv 1910.07467). `inverses` [rows] are the `1 / sqrt(mean(x^2) + epsilon)` of the rows; only `y` has a gradient.
 */
export const rmsNormKernel = declareKernel(
  {
    name: 'SteepestRmsNorm',
    inputs: { x: 'float32', weight: 'float32' },
    outputs: ['y', 'inverses'],
    shapes: ({ x }, _: RmsNormAttributes) => {
      const [, width] = matrixShape('SteepestRmsNorm', x);
      return { x, weight: [width] };
    },
  },
  {
    kernel: rmsNormGradientKernel,
    saved: ['x', 'weight', 'inverses'],
    gradientOf: { y: 'gradient' },
  },
);
