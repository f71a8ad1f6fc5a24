import { type SuFit, suLaw, trajectoryLoss } from '@steepest/scaling-laws';
import type { LossPoint } from '../training/loss-curves.ts';

/** The run to predict. */
export interface HeldOutRun {
  readonly name: string;
  /** Parameters without embedding and head. */
  readonly parameters: number;
  readonly batchTokens: number;
  /** Steps at which its loss will be measured. */
  readonly measuredAt: readonly number[];
}

/** What was said of a run before it was trained; the content of `prediction.json`. */
export interface SuPrediction {
  /** ISO 8601 time at which it was made. */
  readonly made: string;
  /** Losses of earlier steps were left out of the fit, and are not predicted. */
  readonly fromStep: number;
  readonly run: HeldOutRun;
  readonly points: readonly PredictedPoint[];
  /** The fitted law, as `suLaw.restore` takes it. */
  readonly fit: object;
}

/** A predicted loss, with the interval in which its measurement should lie. */
export interface PredictedPoint {
  readonly steps: number;
  readonly loss: number;
  readonly low: number;
  readonly high: number;
  /** What the law says of the largest model that was fitted, at the same steps and batch. */
  readonly ofLargestFitted: number;
}

/** Fits the law on the curves of a sweep and predicts a run that was not in it. */
export function predictRun(
  curves: readonly LossPoint[],
  run: HeldOutRun,
  { fromStep, bootstrap }: { readonly fromStep: number; readonly bootstrap?: number },
): SuPrediction {
  const fit = suLaw.fit(curves, { fromStep, ...(bootstrap === undefined ? {} : { bootstrap }) });
  const { batchTokens, parameters } = run;
  const largest = Math.max(...curves.map((point) => point.parameters));
  const points = run.measuredAt
    .filter((steps) => steps >= fromStep)
    .map((steps) => {
      const { value, low = value, high = value } = fit.loss({ parameters, steps, batchTokens });
      const ofLargestFitted = trajectoryLoss(fit.constants, { parameters: largest, steps, batchTokens });
      return { steps, loss: value, low, high, ofLargestFitted };
    });
  return { made: new Date().toISOString(), fromStep, run, points, fit: fit.toJSON() };
}

/** The law that a prediction was made with. */
export function fitOf({ fit }: SuPrediction): SuFit {
  return suLaw.restore(fit);
}
