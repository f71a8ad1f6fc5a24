import type { LossOfCompute } from './loss-of-compute.ts';

/** Constants of N* = coefficient C^exponent, of D* likewise, and of the loss at them. */
export interface ComputeOptimalConstants {
  readonly sizeCoefficient: number;
  readonly sizeExponent: number;
  readonly tokenCoefficient: number;
  readonly tokenExponent: number;
  readonly loss: LossOfCompute;
}

/** The best size at a compute. */
export interface Optimum {
  readonly flops: number;
  readonly parameters: number;
  readonly tokens: number;
  /** Nats a token. */
  readonly loss: number;
  /** Standard error of log N. */
  readonly logStandardError: number;
}

/** Losses of runs, as a chart draws them: over size at one compute, or over compute for one size. */
export interface DrawnCurve {
  readonly name: string;
  readonly x: readonly number[];
  readonly loss: readonly number[];
}

/** Everything a fit is made of; its JSON form. */
export interface ComputeOptimalRecord {
  readonly law: 'isoflop' | 'envelope';
  readonly version: 1;
  readonly constants: ComputeOptimalConstants;
  readonly confidence: number;
  /** Constants from the resamples. */
  readonly samples: readonly ComputeOptimalConstants[];
  readonly fitted: readonly Optimum[];
  readonly heldOut: readonly Optimum[];
  readonly curves: readonly DrawnCurve[];
  readonly warnings: readonly string[];
}
