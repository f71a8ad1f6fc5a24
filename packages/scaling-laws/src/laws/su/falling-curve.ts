import { mean } from '@steepest/statistics';
import { nonIncreasingPools } from '../../fitting/isotonic.ts';

/** A loss curve made to fall everywhere, so that it passes each loss once. */
export interface FallingCurve {
  /** Log of the lowest and of the highest loss that it passes. */
  readonly lowest: number;
  readonly highest: number;
  /** Log of the steps at which it passes a loss between these two. */
  logStepsTo(logLoss: number): number;
}

/** The falling curve nearest to a noisy one, with straight lines in logarithms of steps and loss between its points. */
export function fallingCurve(
  points: Iterable<{ readonly steps: number; readonly loss: number }>,
): FallingCurve {
  const sorted = [...points].sort((a, b) => a.steps - b.steps);
  const pools = nonIncreasingPools(
    sorted.map(({ loss }) => Math.log(loss)),
    true,
  );
  const knots = pools.map(({ first, count, mean: logLoss }) => ({
    logLoss,
    logSteps: mean(sorted.slice(first, first + count).map(({ steps }) => Math.log(steps))),
  }));
  return {
    lowest: knots.at(-1)?.logLoss ?? Number.NaN,
    highest: knots[0]?.logLoss ?? Number.NaN,
    logStepsTo(logLoss) {
      const after = knots.findIndex((knot) => knot.logLoss <= logLoss);
      const [left, right] = [knots[after - 1], knots[after]];
      if (right === undefined) return Number.NaN;
      if (left === undefined) return right.logLoss === logLoss ? right.logSteps : Number.NaN;
      const share = (left.logLoss - logLoss) / (left.logLoss - right.logLoss);
      return left.logSteps + share * (right.logSteps - left.logSteps);
    },
  };
}
