// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { nadamRule } from './nadam-rule.ts';

type NAdamGroup = ParameterGroupOptions<typeof nadamRule>;

/** Options of NAdam, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface NAdamOwnOptions {
  /** Step size. Default: 0.002. */
  readonly learningRate?: NAdamGroup['learningRate'];
  /** Decay of the first moment. Default: 0.9. */
  readonly beta1?: NAdamGroup['beta1'];
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: NAdamGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 1e-8. */
  readonly epsilon?: NAdamGroup['epsilon'];
  /** How fast the momentum warms up to beta1. Default: 0.004. */
  readonly momentumDecay?: NAdamGroup['momentumDecay'];
  /** corrected, or torch-1.13 with its wrong product. Default: "corrected". */
  readonly variant?: NAdamGroup['variant'];
}

/** Options of {@link NAdam}. */
export type NAdamOptions = NAdamOwnOptions &
  OptimizerOptions<typeof nadamRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (NAdamOwnOptions & NAdamGroup)[] | undefined;
  };
