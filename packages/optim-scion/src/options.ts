// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { scionRule } from './scion-rule.ts';

type ScionGroup = ParameterGroupOptions<typeof scionRule>;

/** Options of Scion, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface ScionOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: ScionGroup['learningRate'];
  /** Weight of the new gradient in the momentum; 1 keeps no momentum. Default: 0.1. */
  readonly alpha?: ScionGroup['alpha'];
  /** Radius of the ball of the norm. Default: 1. */
  readonly scale?: ScionGroup['scale'];
  /** Norm of the layer: auto, spectral, spectralConv, sign, biasRms, colNorm or rowNorm. Default: "auto". */
  readonly norm?: ScionGroup['norm'];
  /** Norm relative to the number of inputs: true, false, or auto (true but for colNorm). Default: "auto". */
  readonly normalized?: ScionGroup['normalized'];
  /** The factor of spectral is at least 1. Default: false. */
  readonly floorAtOne?: ScionGroup['floorAtOne'];
  /** The weights are stored [inputs, outputs]. Default: false. */
  readonly transpose?: ScionGroup['transpose'];
  /** Iterations of Newton-Schulz. Default: 5. */
  readonly newtonSchulzSteps?: ScionGroup['newtonSchulzSteps'];
}

/** Options of {@link Scion}. */
export type ScionOptions = ScionOwnOptions &
  OptimizerOptions<typeof scionRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (ScionOwnOptions & ScionGroup)[] | undefined;
  };
