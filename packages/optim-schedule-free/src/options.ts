// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { scheduleFreeAdamWRule } from './schedule-free-adamw-rule.ts';
import type { scheduleFreeRAdamRule } from './schedule-free-radam-rule.ts';
import type { scheduleFreeSgdRule } from './schedule-free-sgd-rule.ts';

type ScheduleFreeAdamWGroup = ParameterGroupOptions<typeof scheduleFreeAdamWRule>;

/** Options of Schedule-free AdamW, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface ScheduleFreeAdamWOwnOptions {
  /** Step size. Default: 0.0025. */
  readonly learningRate?: ScheduleFreeAdamWGroup['learningRate'];
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: ScheduleFreeAdamWGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 1e-8. */
  readonly epsilon?: ScheduleFreeAdamWGroup['epsilon'];
  /** Steps in which the learning rate grows linearly. Default: 0. */
  readonly warmupSteps?: ScheduleFreeAdamWGroup['warmupSteps'];
  /** Weight of a step in the average: its number to this power. Default: 0. */
  readonly polynomialPower?: ScheduleFreeAdamWGroup['polynomialPower'];
  /** Weight of a step in the average: the largest learning rate to this power. Default: 2. */
  readonly weightLrPower?: ScheduleFreeAdamWGroup['weightLrPower'];
  /** Decay of the momentum; 0 keeps none. Default: 0. */
  readonly innerMomentum?: ScheduleFreeAdamWGroup['innerMomentum'];
  /** Place of y between z (0) and the average x (1). Default: 0.9. */
  readonly beta1?: ScheduleFreeAdamWGroup['beta1'];
}

/** Options of {@link ScheduleFreeAdamW}. */
export type ScheduleFreeAdamWOptions = ScheduleFreeAdamWOwnOptions &
  OptimizerOptions<typeof scheduleFreeAdamWRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (ScheduleFreeAdamWOwnOptions & ScheduleFreeAdamWGroup)[] | undefined;
  };

type ScheduleFreeRAdamGroup = ParameterGroupOptions<typeof scheduleFreeRAdamRule>;

/** Options of Schedule-free RAdam, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface ScheduleFreeRAdamOwnOptions {
  /** Step size. Default: 0.0025. */
  readonly learningRate?: ScheduleFreeRAdamGroup['learningRate'];
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: ScheduleFreeRAdamGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 1e-8. */
  readonly epsilon?: ScheduleFreeRAdamGroup['epsilon'];
  /** Weight of a step in the average: its number to this power. Default: 0. */
  readonly polynomialPower?: ScheduleFreeRAdamGroup['polynomialPower'];
  /** Weight of a step in the average: the largest learning rate to this power. Default: 2. */
  readonly weightLrPower?: ScheduleFreeRAdamGroup['weightLrPower'];
  /** Place of y between z (0) and the average x (1). Default: 0.9. */
  readonly beta1?: ScheduleFreeRAdamGroup['beta1'];
  /** Stands still before the rectified phase; false takes steps of SGD. Default: true. */
  readonly silentSgdPhase?: ScheduleFreeRAdamGroup['silentSgdPhase'];
}

/** Options of {@link ScheduleFreeRAdam}. */
export type ScheduleFreeRAdamOptions = ScheduleFreeRAdamOwnOptions &
  OptimizerOptions<typeof scheduleFreeRAdamRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (ScheduleFreeRAdamOwnOptions & ScheduleFreeRAdamGroup)[] | undefined;
  };

type ScheduleFreeSgdGroup = ParameterGroupOptions<typeof scheduleFreeSgdRule>;

/** Options of Schedule-free SGD, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface ScheduleFreeSgdOwnOptions {
  /** Step size. Default: 1. */
  readonly learningRate?: ScheduleFreeSgdGroup['learningRate'];
  /** Steps in which the learning rate grows linearly. Default: 0. */
  readonly warmupSteps?: ScheduleFreeSgdGroup['warmupSteps'];
  /** Weight of a step in the average: its number to this power. Default: 0. */
  readonly polynomialPower?: ScheduleFreeSgdGroup['polynomialPower'];
  /** Weight of a step in the average: the largest learning rate to this power. Default: 2. */
  readonly weightLrPower?: ScheduleFreeSgdGroup['weightLrPower'];
  /** Place of y between z (0) and the average x (1). Default: 0.9. */
  readonly momentum?: ScheduleFreeSgdGroup['momentum'];
}

/** Options of {@link ScheduleFreeSgd}. */
export type ScheduleFreeSgdOptions = ScheduleFreeSgdOwnOptions &
  OptimizerOptions<typeof scheduleFreeSgdRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (ScheduleFreeSgdOwnOptions & ScheduleFreeSgdGroup)[] | undefined;
  };
