// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { sgdRule } from './sgd-rule.ts';

type SgdGroup = ParameterGroupOptions<typeof sgdRule>;

/** Options of SGD, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface SgdOwnOptions {
  /** Step size. Default: 0.01. */
  readonly learningRate?: SgdGroup['learningRate'];
  /** Decay of the momentum; 0 keeps none. Default: 0. */
  readonly momentum?: SgdGroup['momentum'];
  /** Part of each later gradient kept out of momentum. Default: 0. */
  readonly dampening?: SgdGroup['dampening'];
  /** heavyBall, nesterov or average. Default: "heavyBall". */
  readonly momentumForm?: SgdGroup['momentumForm'];
}

/** Options of {@link Sgd}. */
export type SgdOptions = SgdOwnOptions &
  OptimizerOptions<typeof sgdRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (SgdOwnOptions & SgdGroup)[] | undefined;
  };
