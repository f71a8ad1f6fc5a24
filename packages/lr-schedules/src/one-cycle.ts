import { cosineShare } from './cosine.ts';
import { factor, nonNegativeNumber, oneOf, positiveNumber, readOptions, wholeNumber } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';
import { between } from './warmup.ts';

const shapes = {
  cosine: cosineShare,
  linear: (progress: number) => 1 - progress,
};

/** Options of {@link oneCycle}. */
export interface OneCycleOptions {
  /** Largest value, reached at `warmupSteps`. */
  readonly peak: number;
  /** Step at which the cycle ends; later steps keep its last value. */
  readonly totalSteps: number;
  /**
   * Place of the peak in steps, which may lie between two of them: PyTorch's `pct_start` times `totalSteps`. From 0 to
   * `totalSteps`; below 1 even the first step is past the peak. Default `0.3 totalSteps`.
   */
  readonly warmupSteps?: number | undefined;
  /** Share of the peak at step 1. Default 1/25. */
  readonly startFactor?: number | undefined;
  /** Share of the peak at `totalSteps`. Default 1/250,000. */
  readonly endFactor?: number | undefined;
  /** Course of both halves. Default `'cosine'`. */
  readonly shape?: keyof typeof shapes | undefined;
}

/**
 * One rise to the peak and one fall far below the start.
 *
 * With s = step, W = `warmupSteps`, N = `totalSteps`, a = `startFactor`, f = `endFactor` and c the cosine share
 * `(1 + cos(pi x)) / 2` (or 1 - x): `peak (1 + (a - 1) c((s - 1) / (W - 1)))` for s < W,
 * `peak (f + (1 - f) c((s - W) / (N - W)))` for W <= s < N; then `f peak` (`peak` where W = N).
 * Smith and Topin 2017, arXiv 1708.07120, with the halves and defaults of PyTorch's OneCycleLR.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function oneCycle(given: OneCycleOptions): Schedule {
  const { warmupSteps: placed, ...checked } = readOptions<OneCycleOptions>('oneCycle', given, {
    peak: positiveNumber,
    totalSteps: wholeNumber(1),
    // Its default depends on totalSteps: hence a place that no cycle has until that is known.
    warmupSteps: { ...nonNegativeNumber, default: -1 },
    startFactor: factor(1 / 25),
    endFactor: factor(1 / 250_000),
    shape: oneOf(Object.keys(shapes) as (keyof typeof shapes)[], 'cosine'),
  });
  const { peak, totalSteps, startFactor, endFactor } = checked;
  const warmupSteps = placed < 0 ? 0.3 * totalSteps : placed;
  if (warmupSteps > totalSteps) {
    throw new Error(
      `oneCycle: warmupSteps must be at most totalSteps, got warmupSteps ${warmupSteps} of totalSteps ${totalSteps}`,
    );
  }
  const shareLeft = shapes[checked.shape];
  return makeSchedule({ type: 'oneCycle', ...checked, warmupSteps }, peak, (step) => {
    if (step < warmupSteps) return between(peak, startFactor, 1 - shareLeft((step - 1) / (warmupSteps - 1)));
    if (step === warmupSteps || warmupSteps === totalSteps) return peak;
    if (step >= totalSteps) return endFactor * peak;
    return between(peak, endFactor, shareLeft((step - warmupSteps) / (totalSteps - warmupSteps)));
  });
}
