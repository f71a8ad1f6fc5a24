import { cosineShare } from './cosine.ts';
import { oneOf, readOptions, wholeNumber } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';
import { between, type DecayOptions, decayOptions, stepOfPeak, warmupThen } from './warmup.ts';

const shapes = {
  linear: (progress: number) => 1 - progress,
  cosine: cosineShare,
  squareRoot: (progress: number) => 1 - Math.sqrt(progress),
};

/** Options of {@link warmupStableDecay}. */
export interface WarmupStableDecayOptions extends DecayOptions {
  /** Steps of the decay, at the end of the run. */
  readonly decaySteps: number;
  /** Course of the decay. Default `'linear'`; `'squareRoot'` is `1 - sqrt(progress)`. */
  readonly shape?: keyof typeof shapes | undefined;
}

/**
 * Linear warm-up, a long stretch at the peak, and a short decay at the end (WSD, also called trapezoidal).
 *
 * The peak holds until step `totalSteps - decaySteps`; then `peak (f + (1 - f) shape(progress))` with
 * f = `endFactor` and progress 1 at `totalSteps`.
 * Hu et al. 2024 (MiniCPM), arXiv 2404.06395; the `squareRoot` shape: Hägele et al. 2024, arXiv 2405.18392.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function warmupStableDecay(given: WarmupStableDecayOptions): Schedule {
  const options = readOptions<WarmupStableDecayOptions>('warmupStableDecay', given, {
    ...decayOptions,
    decaySteps: wholeNumber(1),
    shape: oneOf(Object.keys(shapes) as (keyof typeof shapes)[], 'linear'),
  });
  const { peak, totalSteps, warmupSteps, decaySteps, endFactor } = options;
  if (warmupSteps + decaySteps > totalSteps) {
    throw new Error(
      `warmupStableDecay: warmupSteps + decaySteps must be at most totalSteps, ` +
        `got ${warmupSteps} + ${decaySteps} of ${totalSteps}`,
    );
  }
  const shareLeft = shapes[options.shape];
  // Without warm-up and stable stretch the first step still has the peak.
  const decayStart = Math.max(totalSteps - decaySteps, stepOfPeak(warmupSteps));
  return makeSchedule(
    { type: 'warmupStableDecay', ...options },
    peak,
    warmupThen(options, (_, step) => {
      if (step <= decayStart) return peak;
      if (step >= totalSteps) return endFactor * peak;
      return between(peak, endFactor, shareLeft((step - decayStart) / (totalSteps - decayStart)));
    }),
  );
}
