// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { dionRule } from './dion-rule.ts';

type DionGroup = ParameterGroupOptions<typeof dionRule>;

/** Options of Dion, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface DionOwnOptions {
  /** Step size. Default: 0.01. */
  readonly learningRate?: DionGroup['learningRate'];
  /** What of a step stays in the momentum. Default: 0.95. */
  readonly momentum?: DionGroup['momentum'];
  /** Added to the norms of columns, and to the square root of AdamW. Default: 1e-8. */
  readonly epsilon?: DionGroup['epsilon'];
  /** AdamW: decay of the first moment. Default: 0.9. */
  readonly adamBeta1?: DionGroup['adamBeta1'];
  /** AdamW: decay of the second moment. Default: 0.95. */
  readonly adamBeta2?: DionGroup['adamBeta2'];
  /** Rank of a step by the shorter axis of a matrix, rounded up. Default: 1. */
  readonly rankFraction?: DionGroup['rankFraction'];
  /** Steps of the power method in a step. Default: 1. */
  readonly powerIterations?: DionGroup['powerIterations'];
  /** Parameters that AdamW updates instead: never, others or always. Default: "others". */
  readonly adamw?: DionGroup['adamw'];
  /** Seed of the noise, or a function of { name, shape, step } that returns it. Default: 0. */
  readonly noise?: DionGroup['noise'];
}

/** Options of {@link Dion}. */
export type DionOptions = DionOwnOptions &
  OptimizerOptions<typeof dionRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (DionOwnOptions & DionGroup)[] | undefined;
  };
