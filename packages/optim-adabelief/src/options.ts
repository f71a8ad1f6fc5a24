// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { adabeliefRule } from './adabelief-rule.ts';

type AdaBeliefGroup = ParameterGroupOptions<typeof adabeliefRule>;

/** Options of AdaBelief, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AdaBeliefOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: AdaBeliefGroup['learningRate'];
  /** Decay of the momentum. Default: 0.9. */
  readonly beta1?: AdaBeliefGroup['beta1'];
  /** Decay of the variance. Default: 0.999. */
  readonly beta2?: AdaBeliefGroup['beta2'];
  /** Added to the variance in every step, which keeps it, and to its root. Default: 1e-16. */
  readonly epsilon?: AdaBeliefGroup['epsilon'];
  /** Let the step wait and grow until the variance is known, as in RAdam. Default: true. */
  readonly rectify?: AdaBeliefGroup['rectify'];
  /** Move by the momentum alone while a rectified step waits; false stays in place. Default: true. */
  readonly degenerateToSgd?: AdaBeliefGroup['degenerateToSgd'];
  /** Divide by the largest variance so far; without rectify. Default: false. */
  readonly amsgrad?: AdaBeliefGroup['amsgrad'];
}

/** Options of {@link AdaBelief}. */
export type AdaBeliefOptions = AdaBeliefOwnOptions &
  OptimizerOptions<typeof adabeliefRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AdaBeliefOwnOptions & AdaBeliefGroup)[] | undefined;
  };
