import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { lionRule } from './lion-rule.ts';

/** Options of {@link Lion}. */
export type LionOptions = OptimizerOptions<typeof lionRule>;

/** The Lion optimizer (Chen et al. 2023, arXiv 2302.06675). 4 bytes of state a parameter. */
export const Lion = optimizerClass(lionRule, 'SteepestLion');
export type Lion = InstanceType<typeof Lion>;

export { lionRule };
