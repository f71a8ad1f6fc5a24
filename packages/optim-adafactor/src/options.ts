// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { adafactorOriginalRule } from './adafactor-original-rule.ts';
import type { adafactorRule } from './adafactor-rule.ts';

type AdafactorGroup = ParameterGroupOptions<typeof adafactorRule>;

/** Options of Adafactor, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AdafactorOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: AdafactorGroup['learningRate'];
  /** Decay of the first moment. Default: 0.9. */
  readonly beta1?: AdafactorGroup['beta1'];
  /** Decay of the factored second moment. Default: 0.95. */
  readonly beta2?: AdafactorGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 1e-15. */
  readonly epsilon?: AdafactorGroup['epsilon'];
  /** For vectors: shared (the study’s code) or perElement (Shazeer and Stern). Default: "shared". */
  readonly vectorSecondMoment?: AdafactorGroup['vectorSecondMoment'];
  /** Replace the last axis’ vector by its mean: one second moment a row. Default: false. */
  readonly neuronOnly?: AdafactorGroup['neuronOnly'];
}

/** Options of {@link Adafactor}. */
export type AdafactorOptions = AdafactorOwnOptions &
  OptimizerOptions<typeof adafactorRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AdafactorOwnOptions & AdafactorGroup)[] | undefined;
  };

type AdafactorOriginalGroup = ParameterGroupOptions<typeof adafactorOriginalRule>;

/** Options of Adafactor (original), besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AdafactorOriginalOwnOptions {
  /** Ceiling of the relative step; the step size itself without relativeStep. Default: 0.01. */
  readonly learningRate?: AdafactorOriginalGroup['learningRate'];
  /** Decay of the first moment; 0 keeps none. Default: 0. */
  readonly beta1?: AdafactorOriginalGroup['beta1'];
  /** Exponent of the second moment’s decay, 1 - t^beta2Decay. Default: -0.8. */
  readonly beta2Decay?: AdafactorOriginalGroup['beta2Decay'];
  /** Added to the squared gradient, or what bounds the second moment. Default: 1e-30. */
  readonly epsilon1?: AdafactorOriginalGroup['epsilon1'];
  /** Least root mean square a parameter counts with. Default: 0.001. */
  readonly epsilon2?: AdafactorOriginalGroup['epsilon2'];
  /** Root mean square above which an update is scaled down. Default: 1. */
  readonly clipThreshold?: AdafactorOriginalGroup['clipThreshold'];
  /** The step size is min(learningRate, 1 / sqrt(t)) instead of learningRate. Default: true. */
  readonly relativeStep?: AdafactorOriginalGroup['relativeStep'];
  /** The step size is multiplied by the parameter’s root mean square. Default: true. */
  readonly scaleParameter?: AdafactorOriginalGroup['scaleParameter'];
  /** Let the relative step grow by 1e-6 with every gradient at first. Default: false. */
  readonly warmupInit?: AdafactorOriginalGroup['warmupInit'];
  /** added to the squared gradient, or bound of the second moment as in PyTorch. Default: "added". */
  readonly epsilon1Placement?: AdafactorOriginalGroup['epsilon1Placement'];
  /** What weight decay is multiplied by: learningRate, or the whole stepSize. Default: "learningRate". */
  readonly decayScale?: AdafactorOriginalGroup['decayScale'];
}

/** Options of {@link AdafactorOriginal}. */
export type AdafactorOriginalOptions = AdafactorOriginalOwnOptions &
  OptimizerOptions<typeof adafactorOriginalRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AdafactorOriginalOwnOptions & AdafactorOriginalGroup)[] | undefined;
  };
