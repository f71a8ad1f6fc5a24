// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { soapRule } from './soap-rule.ts';

type SoapGroup = ParameterGroupOptions<typeof soapRule>;

/** Options of SOAP, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface SoapOwnOptions {
  /** Step size. Default: 0.003. */
  readonly learningRate?: SoapGroup['learningRate'];
  /** Decay of the first moment. Default: 0.95. */
  readonly beta1?: SoapGroup['beta1'];
  /** Decay of the second moment. Default: 0.95. */
  readonly beta2?: SoapGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 1e-8. */
  readonly epsilon?: SoapGroup['epsilon'];
  /** Decay of the Gram matrices. Default: 0.95. */
  readonly shampooBeta?: SoapGroup['shampooBeta'];
  /** Steps from one refresh of the bases to the next. Default: 10. */
  readonly preconditionFrequency?: SoapGroup['preconditionFrequency'];
  /** Longer axes get no basis. Default: 1024. */
  readonly maxPreconditionerDim?: SoapGroup['maxPreconditionerDim'];
}

/** Options of {@link Soap}. */
export type SoapOptions = SoapOwnOptions &
  OptimizerOptions<typeof soapRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (SoapOwnOptions & SoapGroup)[] | undefined;
  };
