import { type Option, positiveNumber, readOptions, wholeNumber } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';
import { type WarmupOptions, warmupOptions, warmupThen } from './warmup.ts';

/** Options of {@link exponential} and {@link stepDecay}. */
export interface GeometricDecayOptions extends WarmupOptions {
  /** What the value is multiplied by every `everySteps` steps: more than 0, at most 1. */
  readonly decayFactor: number;
  /** Steps over which the value is multiplied by `decayFactor` once. */
  readonly everySteps: number;
}

const geometricDecayOptions = {
  ...warmupOptions,
  decayFactor: {
    mustBe: 'a number above 0 and at most 1',
    accepts: (value) => positiveNumber.accepts(value) && (value as number) <= 1,
  },
  everySteps: wholeNumber(1),
} satisfies Record<keyof GeometricDecayOptions, Option<number>>;

/**
 * Linear warm-up, then a smooth exponential decay.
 *
 * `peak decayFactor^(elapsed / everySteps)` with elapsed = steps since the peak.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function exponential(given: GeometricDecayOptions): Schedule {
  const options = readOptions<GeometricDecayOptions>('exponential', given, geometricDecayOptions);
  const { peak, decayFactor, everySteps } = options;
  return makeSchedule(
    { type: 'exponential', ...options },
    peak,
    warmupThen(options, (elapsed) => peak * decayFactor ** (elapsed / everySteps)),
  );
}

/**
 * Linear warm-up, then a staircase: the value drops once every `everySteps` steps.
 *
 * `peak decayFactor^floor(elapsed / everySteps)` with elapsed = steps since the peak.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function stepDecay(given: GeometricDecayOptions): Schedule {
  const options = readOptions<GeometricDecayOptions>('stepDecay', given, geometricDecayOptions);
  const { peak, decayFactor, everySteps } = options;
  return makeSchedule(
    { type: 'stepDecay', ...options },
    peak,
    warmupThen(options, (elapsed) => peak * decayFactor ** Math.floor(elapsed / everySteps)),
  );
}
