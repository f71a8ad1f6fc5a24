// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { lionRule } from './lion-rule.ts';

type LionGroup = ParameterGroupOptions<typeof lionRule>;

/** Options of Lion, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface LionOwnOptions {
  /** How far every weight moves in a step. Default: 0.0001. */
  readonly learningRate?: LionGroup['learningRate'];
  /** Weight of the momentum in the direction. Default: 0.9. */
  readonly beta1?: LionGroup['beta1'];
  /** Decay of the momentum. Default: 0.99. */
  readonly beta2?: LionGroup['beta2'];
}

/** Options of {@link Lion}. */
export type LionOptions = LionOwnOptions &
  OptimizerOptions<typeof lionRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (LionOwnOptions & LionGroup)[] | undefined;
  };
