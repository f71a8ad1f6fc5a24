import type { LossCurve } from './loss-curve.ts';

/** Units of rates in which the constants of a law are of moderate size and depend little on each other. */
export interface CurveScale {
  /** The largest rate of all curves. */
  readonly rate: number;
  /** The geometric mean of the summed rates of the curves. */
  readonly sum: number;
}

export function curveScale(curves: readonly LossCurve[]): CurveScale {
  let rate = 0;
  let logSums = 0;
  for (const { rates } of curves) {
    let sum = 0;
    for (let index = 0; index < rates.length; index++) {
      sum += rates[index]!;
      rate = Math.max(rate, rates[index]!);
    }
    logSums += Math.log(sum);
  }
  return { rate, sum: Math.exp(logSums / curves.length) };
}
