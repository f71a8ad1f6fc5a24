import { cosineShare } from './cosine.ts';
import { factor, oneOf, positiveNumber, readOptions, wholeNumber } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';
import { between, checkWarmupFits } from './warmup.ts';

const shapes = {
  cosine: cosineShare,
  linear: (progress: number) => 1 - progress,
};

/** Options of {@link oneCycle}. */
export interface OneCycleOptions {
  /** Largest value, reached at step `warmupSteps`. */
  readonly peak: number;
  /** Step at which the cycle ends; later steps keep its last value. */
  readonly totalSteps: number;
  /** Step of the peak. Default 30% of `totalSteps`, rounded. */
  readonly warmupSteps?: number;
  /** Share of the peak at step 1. Default 1/25. */
  readonly startFactor?: number;
  /** Share of the peak at `totalSteps`. Default 1/250,000. */
  readonly endFactor?: number;
  /** Course of both halves. Default `'cosine'`. */
  readonly shape?: keyof typeof shapes;
}

/**
 * One rise to the peak and one fall far below the start.
 *
 * Smith and Topin 2017, arXiv 1708.07120, with the cosine halves and defaults that PyTorch's OneCycleLR made usual.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function oneCycle(given: OneCycleOptions): Schedule {
  // The default depends on totalSteps, which is only checked with the rest: hence 0 until it is known.
  const checked = readOptions<OneCycleOptions>('oneCycle', given, {
    peak: positiveNumber,
    totalSteps: wholeNumber(1),
    warmupSteps: wholeNumber(0, 0),
    startFactor: factor(1 / 25),
    endFactor: factor(1 / 250_000),
    shape: oneOf(Object.keys(shapes) as (keyof typeof shapes)[], 'cosine'),
  });
  const warmupSteps = given.warmupSteps ?? Math.round(0.3 * checked.totalSteps);
  checkWarmupFits('oneCycle', warmupSteps, checked.totalSteps);
  const options = { ...checked, warmupSteps };
  const { peak, totalSteps, startFactor, endFactor } = options;
  const shareLeft = shapes[options.shape];
  const peakStep = Math.max(warmupSteps, 1);
  return makeSchedule({ type: 'oneCycle', ...options }, peak, (step) => {
    if (step === peakStep) return peak;
    if (step < peakStep) return between(peak, startFactor, 1 - shareLeft((step - 1) / (peakStep - 1)));
    if (step >= totalSteps) return endFactor * peak;
    return between(peak, endFactor, shareLeft((step - peakStep) / (totalSteps - peakStep)));
  });
}
