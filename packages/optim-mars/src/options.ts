// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { marsMRule } from './mars-m-rule.ts';
import type { marsRule } from './mars-rule.ts';

type MarsGroup = ParameterGroupOptions<typeof marsRule>;

/** Options of MARS, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface MarsOwnOptions {
  /** Step size. Default: 0.003. */
  readonly learningRate?: MarsGroup['learningRate'];
  /** Decay of the first moment. Default: 0.95. */
  readonly beta1?: MarsGroup['beta1'];
  /** Decay of the second moment. Default: 0.99. */
  readonly beta2?: MarsGroup['beta2'];
  /** Added to the square root, and to the norm of the variant shampoo. Default: 1e-8. */
  readonly epsilon?: MarsGroup['epsilon'];
  /** Strength of the correction. Default: 0.025. */
  readonly gamma?: MarsGroup['gamma'];
  /** AdamW: decay of the first moment. Default: 0.9. */
  readonly adamBeta1?: MarsGroup['adamBeta1'];
  /** AdamW: decay of the second moment. Default: 0.95. */
  readonly adamBeta2?: MarsGroup['adamBeta2'];
  /** What moves a matrix: adamw, lion or shampoo. Default: "adamw". */
  readonly variant?: MarsGroup['variant'];
  /** Divides by the largest second moment so far, under the variant adamw. Default: false. */
  readonly amsgrad?: MarsGroup['amsgrad'];
  /** Parameters that AdamW updates instead: never, others or always. Default: "others". */
  readonly adamw?: MarsGroup['adamw'];
}

/** Options of {@link Mars}. */
export type MarsOptions = MarsOwnOptions &
  OptimizerOptions<typeof marsRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (MarsOwnOptions & MarsGroup)[] | undefined;
  };

type MarsMGroup = ParameterGroupOptions<typeof marsMRule>;

/** Options of MARS-M, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface MarsMOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: MarsMGroup['learningRate'];
  /** Decay of the momentum. Default: 0.95. */
  readonly momentum?: MarsMGroup['momentum'];
  /** Strength of the correction. Default: 0.025. */
  readonly gamma?: MarsMGroup['gamma'];
  /** Keeps the norm that Newton-Schulz divides by from zero. Default: 1e-7. */
  readonly epsilon?: MarsMGroup['epsilon'];
  /** AdamW: decay of the first moment. Default: 0.9. */
  readonly adamBeta1?: MarsMGroup['adamBeta1'];
  /** AdamW: decay of the second moment. Default: 0.95. */
  readonly adamBeta2?: MarsMGroup['adamBeta2'];
  /** AdamW: added to the square root. Default: 1e-8. */
  readonly adamEpsilon?: MarsMGroup['adamEpsilon'];
  /** Iterations of Newton-Schulz. Default: 5. */
  readonly newtonSchulzSteps?: MarsMGroup['newtonSchulzSteps'];
  /** Parameters that AdamW updates instead: never, others or always. Default: "others". */
  readonly adamw?: MarsMGroup['adamw'];
}

/** Options of {@link MarsM}. */
export type MarsMOptions = MarsMOwnOptions &
  OptimizerOptions<typeof marsMRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (MarsMOwnOptions & MarsMGroup)[] | undefined;
  };
