import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { ScheduleFreeAdamWOptions } from './options.ts';
import { scheduleFreeRule } from './schedule-free-rule.ts';

const ScheduleFreeAdamWClass = optimizerClass(scheduleFreeRule, 'SteepestScheduleFreeAdamW');

/**
 * Schedule-free AdamW (Defazio et al. 2024, arXiv 2405.15682). 8 bytes of state a parameter. Evaluate and save between
 * `swapInAverage()` and `swapOutAverage()`.
 */
export const ScheduleFreeAdamW: DocumentedClass<typeof ScheduleFreeAdamWClass, ScheduleFreeAdamWOptions> =
  ScheduleFreeAdamWClass;
export type ScheduleFreeAdamW = InstanceType<typeof ScheduleFreeAdamW>;

export type { ScheduleFreeAdamWOptions };
export { scheduleFreeRule };
