import { positiveNumber, readOptions } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';
import { checkWarmupFits, type DecayOptions, decayOptions, warmupThenDecay } from './warmup.ts';

/** Options of {@link polynomial}. */
export interface PolynomialOptions extends DecayOptions {
  /** Exponent of the decay: 1 is a straight line, larger falls faster at first. Default 2. */
  readonly power?: number | undefined;
}

/**
 * Linear warm-up, then a power of the share of the steps that is left.
 *
 * `peak (f + (1 - f) (1 - progress)^power)` with f = `endFactor` and progress 0 at the peak, 1 at `totalSteps`.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function polynomial(given: PolynomialOptions): Schedule {
  const options = readOptions<PolynomialOptions>('polynomial', given, {
    ...decayOptions,
    power: { ...positiveNumber, default: 2 },
  });
  checkWarmupFits('polynomial', options.warmupSteps, options.totalSteps);
  return makeSchedule(
    { type: 'polynomial', ...options },
    options.peak,
    warmupThenDecay(options, (progress) => (1 - progress) ** options.power),
  );
}

/**
 * Linear warm-up, then a straight line from the peak down to the end.
 *
 * `peak (f + (1 - f) (1 - progress))` with f = `endFactor` and progress 0 at the peak, 1 at `totalSteps`.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function linear(given: DecayOptions): Schedule {
  const options = readOptions<DecayOptions>('linear', given, decayOptions);
  checkWarmupFits('linear', options.warmupSteps, options.totalSteps);
  return makeSchedule(
    { type: 'linear', ...options },
    options.peak,
    warmupThenDecay(options, (progress) => 1 - progress),
  );
}
