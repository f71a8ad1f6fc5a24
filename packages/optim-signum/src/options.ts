// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { signumRule } from './signum-rule.ts';

type SignumGroup = ParameterGroupOptions<typeof signumRule>;

/** Options of Signum, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface SignumOwnOptions {
  /** How far every weight moves in a step. Default: 0.0001. */
  readonly learningRate?: SignumGroup['learningRate'];
  /** Decay of the momentum. Default: 0.9. */
  readonly beta1?: SignumGroup['beta1'];
}

/** Options of {@link Signum}. */
export type SignumOptions = SignumOwnOptions &
  OptimizerOptions<typeof signumRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (SignumOwnOptions & SignumGroup)[] | undefined;
  };
