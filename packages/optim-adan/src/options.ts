// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { adanRule } from './adan-rule.ts';

type AdanGroup = ParameterGroupOptions<typeof adanRule>;

/** Options of Adan, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AdanOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: AdanGroup['learningRate'];
  /** Decay of the average gradient. Default: 0.98. */
  readonly beta1?: AdanGroup['beta1'];
  /** Decay and weight of the average difference. Default: 0.92. */
  readonly beta2?: AdanGroup['beta2'];
  /** Decay of the second moment. Default: 0.99. */
  readonly beta3?: AdanGroup['beta3'];
  /** Added to the square root, which it keeps from zero. Default: 1e-8. */
  readonly epsilon?: AdanGroup['epsilon'];
  /** Decay by dividing after the update; false multiplies before it, as AdamW does. Default: true. */
  readonly proximalDecay?: AdanGroup['proximalDecay'];
}

/** Options of {@link Adan}. */
export type AdanOptions = AdanOwnOptions &
  OptimizerOptions<typeof adanRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AdanOwnOptions & AdanGroup)[] | undefined;
  };
