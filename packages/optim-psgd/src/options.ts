// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { psgdKronRule } from './psgd-kron-rule.ts';

type PsgdKronGroup = ParameterGroupOptions<typeof psgdKronRule>;

/** Options of PSGD Kron, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface PsgdKronOwnOptions {
  /** Step size. Default: 0.0003. */
  readonly learningRate?: PsgdKronGroup['learningRate'];
  /** Decay of the momentum. Default: 0.9. */
  readonly momentum?: PsgdKronGroup['momentum'];
  /** Step size of the factors. Default: 0.1. */
  readonly preconditionerLearningRate?: PsgdKronGroup['preconditionerLearningRate'];
  /** Part of the steps that fit the factors: every 1 / updateProbability steps, rounded up. Default: 1. */
  readonly updateProbability?: PsgdKronGroup['updateProbability'];
  /** Part of those steps that first bring the factors to one size, evenly spread. Default: 0.01. */
  readonly balanceProbability?: PsgdKronGroup['balanceProbability'];
  /** Largest root mean square of a step. Default: 1.1. */
  readonly rmsClip?: PsgdKronGroup['rmsClip'];
  /** Longer axes get a diagonal factor. Default: 8192. */
  readonly maxTriangularSize?: PsgdKronGroup['maxTriangularSize'];
  /** Parameters of fewer axes get diagonal factors. Default: 2. */
  readonly minTriangularRank?: PsgdKronGroup['minTriangularRank'];
  /** Diagonal factors to save memory: none, one_diag, smart_one_diag or all_diag. Default: "none". */
  readonly memorySaveMode?: PsgdKronGroup['memorySaveMode'];
  /** Fits the factors to the momentum, not to the gradient. Default: true. */
  readonly momentumIntoPreconditioner?: PsgdKronGroup['momentumIntoPreconditioner'];
  /** Scale of the first preconditioner. Default: 1. */
  readonly initialScale?: PsgdKronGroup['initialScale'];
  /** Seed of the noise, or a function of { name, shape, step } that returns it. Default: 0. */
  readonly noise?: PsgdKronGroup['noise'];
}

/** Options of {@link PsgdKron}. */
export type PsgdKronOptions = PsgdKronOwnOptions &
  OptimizerOptions<typeof psgdKronRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (PsgdKronOwnOptions & PsgdKronGroup)[] | undefined;
  };
