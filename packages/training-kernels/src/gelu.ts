import { declareKernel } from './declare-kernel.ts';
import type { GradientAttributes } from './training-kernel.ts';

/** The gradient of `x` from that of {@link geluKernel}'s `y`. */
export const geluGradientKernel = declareKernel({
  name: 'SteepestGeluGradient',
  inputs: { x: 'float32', gradient: 'float32' },
  outputs: ['x'],
  shapes: ({ x }, _: GradientAttributes) => ({ x, gradient: x }),
});

/**
 * `y = x Phi(x)`, element by element, with the normal distribution function Phi (Hendrycks and Gimpel 2016,
 * arXiv 1606.08415).
 */
export const geluKernel = declareKernel(
  { name: 'SteepestGelu', inputs: { x: 'float32' }, outputs: ['y'], shapes: ({ x }) => ({ x }) },
  { kernel: geluGradientKernel, saved: ['x'], gradientOf: { y: 'gradient' } },
);
