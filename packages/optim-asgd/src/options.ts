// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { asgdRule } from './asgd-rule.ts';

type AsgdGroup = ParameterGroupOptions<typeof asgdRule>;

/** Options of ASGD, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AsgdOwnOptions {
  /** Step size of the first gradient. Default: 0.01. */
  readonly learningRate?: AsgdGroup['learningRate'];
  /** Decay of the parameter and of the step size. Default: 0.0001. */
  readonly lambda?: AsgdGroup['lambda'];
  /** Power by which the step size falls. Default: 0.75. */
  readonly alpha?: AsgdGroup['alpha'];
  /** Gradients before the averaging begins. Default: 1000000. */
  readonly averageStart?: AsgdGroup['averageStart'];
}

/** Options of {@link Asgd}. */
export type AsgdOptions = AsgdOwnOptions &
  OptimizerOptions<typeof asgdRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AsgdOwnOptions & AsgdGroup)[] | undefined;
  };
