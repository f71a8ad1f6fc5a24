import { fitPowerLaw } from '../../fitting/power-law.ts';
import { fitLossOfCompute } from './loss-of-compute.ts';
import type { ComputeOptimalConstants, Optimum } from './record.ts';

/**
 * The weighted log-log lines of N* and D* over compute, and the loss along them.
 *
 * @param near constants of almost the same optima, from which the search for the loss starts
 */
export function linesThrough(
  optima: readonly Optimum[],
  near?: ComputeOptimalConstants,
): ComputeOptimalConstants {
  const factors = { flops: optima.map(({ flops }) => flops) };
  const weights = optima.map(({ logStandardError }) => logStandardError ** -2);
  const sizes = fitPowerLaw({ factors, weights, response: optima.map(({ parameters }) => parameters) });
  const tokens = fitPowerLaw({ factors, weights, response: optima.map((optimum) => optimum.tokens) });
  return {
    sizeCoefficient: sizes.coefficient,
    sizeExponent: sizes.exponents.flops,
    tokenCoefficient: tokens.coefficient,
    tokenExponent: tokens.exponents.flops,
    loss: fitLossOfCompute(optima, near?.loss),
  };
}
