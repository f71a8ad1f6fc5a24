// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { lambRule } from './lamb-rule.ts';

type LambGroup = ParameterGroupOptions<typeof lambRule>;

/** Options of LAMB, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface LambOwnOptions {
  /** Length of a step, relative to the tensor. Default: 0.001. */
  readonly learningRate?: LambGroup['learningRate'];
  /** Decay of the first moment. Default: 0.9. */
  readonly beta1?: LambGroup['beta1'];
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: LambGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 0.000001. */
  readonly epsilon?: LambGroup['epsilon'];
  /** Correct both moments for their start at 0. Default: true. */
  readonly biasCorrection?: LambGroup['biasCorrection'];
  /** Weigh a new gradient by 1 - beta1 in the first moment; false by 1. Default: true. */
  readonly gradientAveraging?: LambGroup['gradientAveraging'];
  /** Let the ratio of lengths shorten an update only. Default: false. */
  readonly trustClip?: LambGroup['trustClip'];
  /** Adapt lengths also where weightDecay is 0. Default: false. */
  readonly alwaysAdapt?: LambGroup['alwaysAdapt'];
}

/** Options of {@link Lamb}. */
export type LambOptions = LambOwnOptions &
  OptimizerOptions<typeof lambRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (LambOwnOptions & LambGroup)[] | undefined;
  };
