import { readOptions } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';
import { stepOfPeak, type WarmupOptions, warmupOptions, warmupThen } from './warmup.ts';

/**
 * Linear warm-up, then a decay with the square root of the step, which needs no last step.
 *
 * `peak sqrt(warmupSteps / step)` from step `warmupSteps` on; without warm-up `peak / sqrt(step)`.
 * Vaswani et al. 2017, arXiv 1706.03762, equation 3, whose peak is `1 / sqrt(dModel warmupSteps)`.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function inverseSquareRoot(given: WarmupOptions): Schedule {
  const options = readOptions<WarmupOptions>('inverseSquareRoot', given, warmupOptions);
  const peakStep = stepOfPeak(options.warmupSteps);
  return makeSchedule(
    { type: 'inverseSquareRoot', ...options },
    options.peak,
    warmupThen(options, (_, step) => options.peak * Math.sqrt(peakStep / step)),
  );
}
