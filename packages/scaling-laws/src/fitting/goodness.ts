import { mean } from '@steepest/statistics';

/** How well predictions match observations. */
export interface Goodness {
  readonly points: number;
  /**
   * Share of the observed variance that the predictions explain; 1 is perfect, 0 is no better than the mean. `NaN` where the
   * observations do not vary.
   */
  readonly r2: number;
  /** In the unit of the observations. */
  readonly meanAbsoluteError: number;
  /** Root mean square of log predicted - log observed. */
  readonly rootMeanSquareLogError: number;
  /** Largest |predicted - observed| / observed. */
  readonly worstRelativeError: number;
}

/**
 * Measures predictions against observations, both positive.
 *
 * @throws Error when the lengths differ or there is nothing to compare
 */
export function goodnessOf(observed: ArrayLike<number>, predicted: ArrayLike<number>): Goodness {
  const points = observed.length;
  if (points !== predicted.length || points === 0) {
    throw new Error(`goodness: got ${predicted.length} predictions of ${points} observations`);
  }
  const center = mean(observed);
  let [squares, spread, absolute, logSquares, worst] = [0, 0, 0, 0, 0];
  for (let index = 0; index < points; index += 1) {
    const error = predicted[index]! - observed[index]!;
    squares += error * error;
    spread += (observed[index]! - center) ** 2;
    absolute += Math.abs(error);
    logSquares += Math.log(predicted[index]! / observed[index]!) ** 2;
    worst = Math.max(worst, Math.abs(error) / observed[index]!);
  }
  return {
    points,
    r2: spread > 0 ? 1 - squares / spread : Number.NaN,
    meanAbsoluteError: absolute / points,
    rootMeanSquareLogError: Math.sqrt(logSquares / points),
    worstRelativeError: worst,
  };
}
