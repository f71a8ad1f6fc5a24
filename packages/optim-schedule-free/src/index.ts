import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { scheduleFreeRule } from './schedule-free-rule.ts';

/** Options of {@link ScheduleFreeAdamW}. */
export type ScheduleFreeAdamWOptions = OptimizerOptions<typeof scheduleFreeRule>;

/**
 * Schedule-free AdamW (Defazio et al. 2024, arXiv 2405.15682). 8 bytes of state a parameter. Evaluate and save between
 * `swapInAverage()` and `swapOutAverage()`.
 */
export const ScheduleFreeAdamW = optimizerClass(scheduleFreeRule, 'SteepestScheduleFreeAdamW');
export type ScheduleFreeAdamW = InstanceType<typeof ScheduleFreeAdamW>;

export { scheduleFreeRule };
