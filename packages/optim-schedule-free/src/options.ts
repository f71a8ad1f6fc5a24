// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { scheduleFreeRule } from './schedule-free-rule.ts';

type ScheduleFreeAdamWGroup = ParameterGroupOptions<typeof scheduleFreeRule>;

/** The options that Schedule-free AdamW has beside those of every optimizer; each numeric one may be a schedule of the step. */
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
  OptimizerOptions<typeof scheduleFreeRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (ScheduleFreeAdamWOwnOptions & ScheduleFreeAdamWGroup)[] | undefined;
  };
