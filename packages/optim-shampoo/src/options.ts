// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { shampooRule } from './shampoo-rule.ts';

type ShampooGroup = ParameterGroupOptions<typeof shampooRule>;

/** Options of Shampoo, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface ShampooOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: ShampooGroup['learningRate'];
  /** Decay of the momentum. Default: 0.9. */
  readonly beta1?: ShampooGroup['beta1'];
  /** Decay of the factors; 1 for their sum. Default: 0.999. */
  readonly beta2?: ShampooGroup['beta2'];
  /** Added to the eigenvalues of the factors. Default: 1e-8. */
  readonly epsilon?: ShampooGroup['epsilon'];
  /** Decay of the second moment of grafting with rmsprop or adam. Default: 0.999. */
  readonly graftBeta2?: ShampooGroup['graftBeta2'];
  /** Added to the square root of grafting. Default: 1e-8. */
  readonly graftEpsilon?: ShampooGroup['graftEpsilon'];
  /** Part of the momentum in a step; null for beta1. Default: null. */
  readonly beta3?: ShampooGroup['beta3'];
  /** Steps from one inverse root of the factors to the next. Default: 10. */
  readonly preconditionFrequency?: ShampooGroup['preconditionFrequency'];
  /** Step of the first inverse root; null for preconditionFrequency. Default: null. */
  readonly startPreconditioningStep?: ShampooGroup['startPreconditioningStep'];
  /** Corrects the momentum and the factors for their start at 0. Default: true. */
  readonly biasCorrection?: ShampooGroup['biasCorrection'];
  /** Whose norm every step takes over: none, adagrad, rmsprop or adam. Default: "adam". */
  readonly grafting?: ShampooGroup['grafting'];
  /** Longer axes are cut into blocks with factors of their own; null for no limit. Default: 1024. */
  readonly maxPreconditionerDim?: ShampooGroup['maxPreconditionerDim'];
  /** Axes of length 1 are dropped and neighbors merged down to this many axes; null for the own shape. Default: null. */
  readonly targetRank?: ShampooGroup['targetRank'];
  /** Powers by number of axes and axis; 0 for no factor, and null for 1 / (2 axes) everywhere. Default: null. */
  readonly inverseExponents?: ShampooGroup['inverseExponents'];
}

/** Options of {@link Shampoo}. */
export type ShampooOptions = ShampooOwnOptions &
  OptimizerOptions<typeof shampooRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (ShampooOwnOptions & ShampooGroup)[] | undefined;
  };
