// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { rmsPropRule } from './rmsprop-rule.ts';

type RMSpropGroup = ParameterGroupOptions<typeof rmsPropRule>;

/** Options of RMSprop, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface RMSpropOwnOptions {
  /** Step size. Default: 0.01. */
  readonly learningRate?: RMSpropGroup['learningRate'];
  /** Decay of the second moment. Default: 0.99. */
  readonly beta2?: RMSpropGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 1e-8. */
  readonly epsilon?: RMSpropGroup['epsilon'];
  /** Decay of the momentum; 0 keeps none. Default: 0. */
  readonly momentum?: RMSpropGroup['momentum'];
  /** Divide by the standard deviation of the gradient. Default: false. */
  readonly centered?: RMSpropGroup['centered'];
}

/** Options of {@link RMSprop}. */
export type RMSpropOptions = RMSpropOwnOptions &
  OptimizerOptions<typeof rmsPropRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (RMSpropOwnOptions & RMSpropGroup)[] | undefined;
  };
