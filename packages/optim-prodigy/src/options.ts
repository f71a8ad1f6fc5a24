// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { prodigyRule } from './prodigy-rule.ts';

type ProdigyGroup = ParameterGroupOptions<typeof prodigyRule>;

/** Options of Prodigy, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface ProdigyOwnOptions {
  /** Factor of the estimated step size. Default: 1. */
  readonly learningRate?: ProdigyGroup['learningRate'];
  /** Decay of the momentum. Default: 0.9. */
  readonly beta1?: ProdigyGroup['beta1'];
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: ProdigyGroup['beta2'];
  /** Added, times the estimate, to the square root, which it keeps from zero. Default: 1e-8. */
  readonly epsilon?: ProdigyGroup['epsilon'];
  /** Factor of the estimate. Default: 1. */
  readonly dCoefficient?: ProdigyGroup['dCoefficient'];
  /** Decay of the sums of the estimate; null for the square root of beta2. Default: null. */
  readonly beta3?: ProdigyGroup['beta3'];
  /** First estimate of the distance. Default: 0.000001. */
  readonly initialD?: ProdigyGroup['initialD'];
  /** Largest factor by which the estimate grows in a step; null for no limit. Default: null. */
  readonly growthRate?: ProdigyGroup['growthRate'];
  /** Keeps small learning rates of a warm-up from raising the estimate. Default: false. */
  readonly safeguardWarmup?: ProdigyGroup['safeguardWarmup'];
  /** Corrects the step size as Adam does. Default: false. */
  readonly biasCorrection?: ProdigyGroup['biasCorrection'];
  /** Estimates from every n-th element, to save memory. Default: 1. */
  readonly sliceStride?: ProdigyGroup['sliceStride'];
}

/** Options of {@link Prodigy}. */
export type ProdigyOptions = ProdigyOwnOptions &
  OptimizerOptions<typeof prodigyRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (ProdigyOwnOptions & ProdigyGroup)[] | undefined;
  };
