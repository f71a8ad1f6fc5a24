// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { adoptRule } from './adopt-rule.ts';

type AdoptGroup = ParameterGroupOptions<typeof adoptRule>;

/** Options of ADOPT, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AdoptOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: AdoptGroup['learningRate'];
  /** Decay of the momentum. Default: 0.9. */
  readonly beta1?: AdoptGroup['beta1'];
  /** Decay of the second moment. Default: 0.9999. */
  readonly beta2?: AdoptGroup['beta2'];
  /** Smallest number that gradients are divided by. Default: 0.000001. */
  readonly epsilon?: AdoptGroup['epsilon'];
  /** Power of the number of earlier gradients that bounds every quotient. Default: 0.25. */
  readonly clipExponent?: AdoptGroup['clipExponent'];
  /** Bound the quotients; false is the algorithm as first published. Default: true. */
  readonly clipQuotients?: AdoptGroup['clipQuotients'];
}

/** Options of {@link Adopt}. */
export type AdoptOptions = AdoptOwnOptions &
  OptimizerOptions<typeof adoptRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AdoptOwnOptions & AdoptGroup)[] | undefined;
  };
