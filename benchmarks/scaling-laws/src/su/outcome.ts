import type { LossPoint } from '../training/loss-curves.ts';
import type { PredictedPoint, SuPrediction } from './prediction.ts';

/** A predicted loss and the one that was measured. */
export interface ComparedPoint extends PredictedPoint {
  readonly measured: number;
}

/** How a prediction came out; the content of `outcome.json`. */
export interface SuOutcome {
  readonly points: readonly ComparedPoint[];
  /** Mean of |predicted - measured|, nats per token. */
  readonly meanAbsoluteError: number;
  /** Largest |predicted / measured - 1|. */
  readonly worstRelativeError: number;
  /** Points whose measurement lies in its interval. */
  readonly inside: number;
  /** The mean absolute error of taking the larger model for the largest fitted one. */
  readonly errorOfLargestFitted: number;
}

/**
 * Compares what was measured with what was predicted.
 *
 * @throws Error when the run was not measured at a predicted step
 */
export function compare({ points, run }: SuPrediction, measured: readonly LossPoint[]): SuOutcome {
  const compared = points.map((point) => {
    const found = measured.find(({ steps }) => steps === point.steps);
    if (found) return { ...point, measured: found.loss };
    throw new Error(`${run.name} has no loss at step ${point.steps}, which was predicted`);
  });
  const mean = (of: (point: ComparedPoint) => number) =>
    compared.reduce((sum, point) => sum + of(point), 0) / compared.length;
  return {
    points: compared,
    meanAbsoluteError: mean((point) => Math.abs(point.loss - point.measured)),
    worstRelativeError: Math.max(...compared.map((point) => Math.abs(point.loss / point.measured - 1))),
    inside: compared.filter((point) => point.measured >= point.low && point.measured <= point.high).length,
    errorOfLargestFitted: mean((point) => Math.abs(point.ofLargestFitted - point.measured)),
  };
}
