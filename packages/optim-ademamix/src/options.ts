// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { ademamixRule } from './ademamix-rule.ts';

type AdEMAMixGroup = ParameterGroupOptions<typeof ademamixRule>;

/** Options of AdEMAMix, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AdEMAMixOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: AdEMAMixGroup['learningRate'];
  /** Decay of the fast momentum. Default: 0.9. */
  readonly beta1?: AdEMAMixGroup['beta1'];
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: AdEMAMixGroup['beta2'];
  /** Decay of the slow momentum. Default: 0.9999. */
  readonly beta3?: AdEMAMixGroup['beta3'];
  /** Weight of the slow momentum. Default: 2. */
  readonly alpha?: AdEMAMixGroup['alpha'];
  /** Gradients over which alpha grows from 0; 0 for no warm-up. Default: 0. */
  readonly alphaWarmupSteps?: AdEMAMixGroup['alphaWarmupSteps'];
  /** Gradients over which beta3 grows from beta1; 0 for no warm-up. Default: 0. */
  readonly beta3WarmupSteps?: AdEMAMixGroup['beta3WarmupSteps'];
  /** Added to the square root, which it keeps from zero. Default: 1e-8. */
  readonly epsilon?: AdEMAMixGroup['epsilon'];
}

/** Options of {@link AdEMAMix}. */
export type AdEMAMixOptions = AdEMAMixOwnOptions &
  OptimizerOptions<typeof ademamixRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AdEMAMixOwnOptions & AdEMAMixGroup)[] | undefined;
  };
