// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { adadeltaRule } from './adadelta-rule.ts';

type AdadeltaGroup = ParameterGroupOptions<typeof adadeltaRule>;

/** Options of Adadelta, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AdadeltaOwnOptions {
  /** Factor of every update. Default: 1. */
  readonly learningRate?: AdadeltaGroup['learningRate'];
  /** Decay of both averages. Default: 0.9. */
  readonly rho?: AdadeltaGroup['rho'];
  /** Added to both averages under their roots; it sets the size of the first steps. Default: 0.000001. */
  readonly epsilon?: AdadeltaGroup['epsilon'];
}

/** Options of {@link Adadelta}. */
export type AdadeltaOptions = AdadeltaOwnOptions &
  OptimizerOptions<typeof adadeltaRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AdadeltaOwnOptions & AdadeltaGroup)[] | undefined;
  };
