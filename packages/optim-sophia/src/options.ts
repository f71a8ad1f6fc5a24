// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { sophiaRule } from './sophia-rule.ts';

type SophiaGroup = ParameterGroupOptions<typeof sophiaRule>;

/** Options of Sophia, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface SophiaOwnOptions {
  /** The farthest a weight moves in a step. Default: 0.0001. */
  readonly learningRate?: SophiaGroup['learningRate'];
  /** Decay of the momentum. Default: 0.965. */
  readonly beta1?: SophiaGroup['beta1'];
  /** Decay of the curvature, once a refresh. Default: 0.99. */
  readonly beta2?: SophiaGroup['beta2'];
  /** Scale of the curvature; a larger one clips fewer weights. Default: 0.04. */
  readonly rho?: SophiaGroup['rho'];
  /** Predictions a batch, over which the loss of a refresh is a mean. Default: 1. */
  readonly batchTokens?: SophiaGroup['batchTokens'];
  /** Added to the curvature, which it keeps from zero. Default: 1e-15. */
  readonly epsilon?: SophiaGroup['epsilon'];
}

/** Options of {@link Sophia}. */
export type SophiaOptions = SophiaOwnOptions &
  OptimizerOptions<typeof sophiaRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (SophiaOwnOptions & SophiaGroup)[] | undefined;
  };
