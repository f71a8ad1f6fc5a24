// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { adagradRule } from './adagrad-rule.ts';

type AdagradGroup = ParameterGroupOptions<typeof adagradRule>;

/** Options of Adagrad, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AdagradOwnOptions {
  /** Step size of the first gradient. Default: 0.01. */
  readonly learningRate?: AdagradGroup['learningRate'];
  /** How fast the step size falls by itself. Default: 0. */
  readonly learningRateDecay?: AdagradGroup['learningRateDecay'];
  /** Added to the square root, which it keeps from zero. Default: 1e-10. */
  readonly epsilon?: AdagradGroup['epsilon'];
  /** What the sum of squares starts from. Default: 0. */
  readonly initialAccumulator?: AdagradGroup['initialAccumulator'];
}

/** Options of {@link Adagrad}. */
export type AdagradOptions = AdagradOwnOptions &
  OptimizerOptions<typeof adagradRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AdagradOwnOptions & AdagradGroup)[] | undefined;
  };
