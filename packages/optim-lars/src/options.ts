// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { larsRule } from './lars-rule.ts';

type LarsGroup = ParameterGroupOptions<typeof larsRule>;

/** Options of LARS, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface LarsOwnOptions {
  /** Step size. Default: 1. */
  readonly learningRate?: LarsGroup['learningRate'];
  /** Decay of the momentum; 0 keeps none. Default: 0. */
  readonly momentum?: LarsGroup['momentum'];
  /** Part of each later gradient kept out of momentum. Default: 0. */
  readonly dampening?: LarsGroup['dampening'];
  /** Length of a scaled gradient, relative to the tensor. Default: 0.001. */
  readonly trustCoefficient?: LarsGroup['trustCoefficient'];
  /** Added to the lengths that are divided by. Default: 1e-8. */
  readonly epsilon?: LarsGroup['epsilon'];
  /** Look ahead by the momentum. Default: false. */
  readonly nesterov?: LarsGroup['nesterov'];
  /** Never go further than SGD would: divide the scale by the learning rate, at most 1. Default: false. */
  readonly trustClip?: LarsGroup['trustClip'];
  /** Scale gradients also where weightDecay is 0. Default: false. */
  readonly alwaysAdapt?: LarsGroup['alwaysAdapt'];
}

/** Options of {@link Lars}. */
export type LarsOptions = LarsOwnOptions &
  OptimizerOptions<typeof larsRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (LarsOwnOptions & LarsGroup)[] | undefined;
  };
