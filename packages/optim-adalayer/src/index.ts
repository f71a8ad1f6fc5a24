import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { type AfterFreeze, adalayerRule, type Blocks } from './adalayer-rule.ts';

/** Options of {@link Adalayer}. */
export type AdalayerOptions = OptimizerOptions<typeof adalayerRule>;

/** The Adalayer optimizer (Zhao et al. 2024, arXiv 2407.07972). 4 bytes of state a parameter, and 4 a block. */
export const Adalayer = optimizerClass(adalayerRule, 'SteepestAdalayer');
export type Adalayer = InstanceType<typeof Adalayer>;

export { type AfterFreeze, adalayerRule, type Blocks };
