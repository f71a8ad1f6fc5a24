// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { adamaxRule } from './adamax-rule.ts';

type AdamaxGroup = ParameterGroupOptions<typeof adamaxRule>;

/** Options of Adamax, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AdamaxOwnOptions {
  /** Step size. Default: 0.002. */
  readonly learningRate?: AdamaxGroup['learningRate'];
  /** Decay of the first moment. Default: 0.9. */
  readonly beta1?: AdamaxGroup['beta1'];
  /** Decay of the largest gradient. Default: 0.999. */
  readonly beta2?: AdamaxGroup['beta2'];
  /** Added to the size of each gradient. Default: 1e-8. */
  readonly epsilon?: AdamaxGroup['epsilon'];
}

/** Options of {@link Adamax}. */
export type AdamaxOptions = AdamaxOwnOptions &
  OptimizerOptions<typeof adamaxRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AdamaxOwnOptions & AdamaxGroup)[] | undefined;
  };
