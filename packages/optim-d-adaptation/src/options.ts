// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { dAdaptAdamRule } from './d-adaptation-rule.ts';

type DAdaptAdamGroup = ParameterGroupOptions<typeof dAdaptAdamRule>;

/** Options of D-Adaptation Adam, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface DAdaptAdamOwnOptions {
  /** Factor of the estimated step size. Default: 1. */
  readonly learningRate?: DAdaptAdamGroup['learningRate'];
  /** Decay of the momentum. Default: 0.9. */
  readonly beta1?: DAdaptAdamGroup['beta1'];
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: DAdaptAdamGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 1e-8. */
  readonly epsilon?: DAdaptAdamGroup['epsilon'];
  /** First estimate of the distance. Default: 0.000001. */
  readonly initialD?: DAdaptAdamGroup['initialD'];
  /** Largest factor by which the estimate grows in a step; null for no limit. Default: null. */
  readonly growthRate?: DAdaptAdamGroup['growthRate'];
  /** Corrects the step size as Adam does. Default: false. */
  readonly biasCorrection?: DAdaptAdamGroup['biasCorrection'];
}

/** Options of {@link DAdaptAdam}. */
export type DAdaptAdamOptions = DAdaptAdamOwnOptions &
  OptimizerOptions<typeof dAdaptAdamRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (DAdaptAdamOwnOptions & DAdaptAdamGroup)[] | undefined;
  };
