// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { adamRule } from './adam-rule.ts';

type AdamGroup = ParameterGroupOptions<typeof adamRule>;

/** Options of Adam, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AdamOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: AdamGroup['learningRate'];
  /** Decay of the first moment. Default: 0.9. */
  readonly beta1?: AdamGroup['beta1'];
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: AdamGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 1e-8. */
  readonly epsilon?: AdamGroup['epsilon'];
  /** Divide by the largest second moment so far. Default: false. */
  readonly amsgrad?: AdamGroup['amsgrad'];
  /** corrected, as in PyTorch, or uncorrected, as in Keras. Default: "corrected". */
  readonly epsilonPlacement?: AdamGroup['epsilonPlacement'];
}

/** Options of {@link Adam}. */
export type AdamOptions = AdamOwnOptions &
  OptimizerOptions<typeof adamRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AdamOwnOptions & AdamGroup)[] | undefined;
  };
