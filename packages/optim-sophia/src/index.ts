import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { sophiaRule } from './sophia-rule.ts';

/** Options of {@link Sophia}. */
export type SophiaOptions = OptimizerOptions<typeof sophiaRule>;

/**
 * The Sophia optimizer (Liu et al. 2023, arXiv 2305.14342). 8 bytes of state a parameter. Every ten steps or so
 * `applyRefresh` takes the gradients from which it estimates the curvature.
 */
export const Sophia = optimizerClass(sophiaRule, 'SteepestSophia');
export type Sophia = InstanceType<typeof Sophia>;

export { sophiaRule };
