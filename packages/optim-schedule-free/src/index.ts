import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type {
  ScheduleFreeAdamWOptions,
  ScheduleFreeRAdamOptions,
  ScheduleFreeSgdOptions,
} from './options.ts';
import { scheduleFreeAdamWRule } from './schedule-free-adamw-rule.ts';
import { scheduleFreeRAdamRule } from './schedule-free-radam-rule.ts';
import { scheduleFreeSgdRule } from './schedule-free-sgd-rule.ts';

const ScheduleFreeAdamWClass = optimizerClass(scheduleFreeAdamWRule, 'SteepestScheduleFreeAdamW');

/**
 * Schedule-free AdamW (Defazio et al. 2024, arXiv 2405.15682). 8 bytes of state per parameter. Evaluate and save between
 * `swapInAverage()` and `swapOutAverage()`.
 */
export const ScheduleFreeAdamW: DocumentedClass<typeof ScheduleFreeAdamWClass, ScheduleFreeAdamWOptions> =
  ScheduleFreeAdamWClass;
export type ScheduleFreeAdamW = InstanceType<typeof ScheduleFreeAdamW>;

const ScheduleFreeSgdClass = optimizerClass(scheduleFreeSgdRule, 'SteepestScheduleFreeSgd');

/**
 * Schedule-free SGD (Defazio et al. 2024, arXiv 2405.15682). 4 bytes of state per parameter. Evaluate and save between
 * `swapInAverage()` and `swapOutAverage()`.
 */
export const ScheduleFreeSgd: DocumentedClass<typeof ScheduleFreeSgdClass, ScheduleFreeSgdOptions> =
  ScheduleFreeSgdClass;
export type ScheduleFreeSgd = InstanceType<typeof ScheduleFreeSgd>;

const ScheduleFreeRAdamClass = optimizerClass(scheduleFreeRAdamRule, 'SteepestScheduleFreeRAdam');

/**
 * Schedule-free RAdam (Defazio et al. 2024, arXiv 2405.15682): needs no warm-up. 8 bytes of state per parameter. Evaluate
 * and save between `swapInAverage()` and `swapOutAverage()`.
 */
export const ScheduleFreeRAdam: DocumentedClass<typeof ScheduleFreeRAdamClass, ScheduleFreeRAdamOptions> =
  ScheduleFreeRAdamClass;
export type ScheduleFreeRAdam = InstanceType<typeof ScheduleFreeRAdam>;

export type { ScheduleFreeAdamWOptions, ScheduleFreeRAdamOptions, ScheduleFreeSgdOptions };
export { scheduleFreeAdamWRule, scheduleFreeRAdamRule, scheduleFreeSgdRule };
