// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { rpropRule } from './rprop-rule.ts';

type RpropGroup = ParameterGroupOptions<typeof rpropRule>;

/** Options of Rprop, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface RpropOwnOptions {
  /** Step size of the first gradient of a parameter. Default: 0.01. */
  readonly learningRate?: RpropGroup['learningRate'];
  /** Factor of the step size where the gradient turned. Default: 0.5. */
  readonly decreaseFactor?: RpropGroup['decreaseFactor'];
  /** Factor of the step size where the gradient kept its sign. Default: 1.2. */
  readonly increaseFactor?: RpropGroup['increaseFactor'];
  /** Smallest step size. Default: 0.000001. */
  readonly minimumStep?: RpropGroup['minimumStep'];
  /** Largest step size. Default: 50. */
  readonly maximumStep?: RpropGroup['maximumStep'];
}

/** Options of {@link Rprop}. */
export type RpropOptions = RpropOwnOptions &
  OptimizerOptions<typeof rpropRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (RpropOwnOptions & RpropGroup)[] | undefined;
  };
