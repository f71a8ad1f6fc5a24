import { readOptions } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';
import { checkWarmupFits, type DecayOptions, decayOptions, warmupThenDecay } from './warmup.ts';

/** The share `(1 + cos(pi progress)) / 2`: 1 at the start, 0 at the end, flat at both. */
export function cosineShare(progress: number): number {
  return (1 + Math.cos(Math.PI * progress)) / 2;
}

/**
 * Linear warm-up, then half a cosine from the peak down to the end.
 *
 * `peak (f + (1 - f) (1 + cos(pi progress)) / 2)` with f = `endFactor` and progress 0 at the peak, 1 at `totalSteps`.
 * Loshchilov and Hutter 2016, arXiv 1608.03983, equation 5, without restarts.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function cosine(given: DecayOptions): Schedule {
  const options = readOptions<DecayOptions>('cosine', given, decayOptions);
  checkWarmupFits('cosine', options.warmupSteps, options.totalSteps);
  return makeSchedule({ type: 'cosine', ...options }, options.peak, warmupThenDecay(options, cosineShare));
}
