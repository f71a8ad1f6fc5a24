import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { radamRule } from './radam-rule.ts';

/** Options of {@link RAdam}. */
export type RAdamOptions = OptimizerOptions<typeof radamRule>;

/** The RAdam optimizer (Liu et al. 2020, arXiv 1908.03265). Weight decay, if any, is L2. 8 bytes of state a parameter. */
export const RAdam = optimizerClass(radamRule, 'SteepestRAdam');
export type RAdam = InstanceType<typeof RAdam>;

export { radamRule };
