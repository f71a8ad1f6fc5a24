// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { radamRule } from './radam-rule.ts';

type RAdamGroup = ParameterGroupOptions<typeof radamRule>;

/** Options of RAdam, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface RAdamOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: RAdamGroup['learningRate'];
  /** Decay of the first moment. Default: 0.9. */
  readonly beta1?: RAdamGroup['beta1'];
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: RAdamGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 1e-8. */
  readonly epsilon?: RAdamGroup['epsilon'];
}

/** Options of {@link RAdam}. */
export type RAdamOptions = RAdamOwnOptions &
  OptimizerOptions<typeof radamRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (RAdamOwnOptions & RAdamGroup)[] | undefined;
  };
