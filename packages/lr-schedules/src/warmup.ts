import { type Checked, factor, type Option, positiveNumber, readOptions, wholeNumber } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';

/** Options of the linear warm-up that a schedule may begin with. */
export interface WarmupOptions {
  /** Largest value, reached at step `warmupSteps`, or at step 1 without warm-up. */
  readonly peak: number;
  /** Steps over which the value rises to the peak. Default 0: no warm-up. */
  readonly warmupSteps?: number | undefined;
  /** Share of the peak from which the warm-up rises, as if at step 0. Default 0. */
  readonly startFactor?: number | undefined;
}

/** Options of a schedule that rises to a peak and falls until a last step. */
export interface DecayOptions extends WarmupOptions {
  /** Step at which the decay ends; later steps keep its last value. */
  readonly totalSteps: number;
  /** Share of the peak at which the decay ends. Default 0. */
  readonly endFactor?: number | undefined;
}

export const warmupOptions = {
  peak: positiveNumber,
  warmupSteps: wholeNumber(0, 0),
  startFactor: factor(0),
} satisfies Record<keyof WarmupOptions, Option<number>>;

export const decayOptions = {
  peak: positiveNumber,
  totalSteps: wholeNumber(1),
  warmupSteps: wholeNumber(0, 0),
  startFactor: factor(0),
  endFactor: factor(0),
} satisfies Record<keyof DecayOptions, Option<number>>;

/**
 * Linear warm-up, then a decay.
 *
 * @param decay value at `elapsed` >= 0 steps after the step of the peak
 */
export function warmupThen(
  { peak, warmupSteps, startFactor }: Checked<WarmupOptions>,
  decay: (elapsed: number, step: number) => number,
): (step: number) => number {
  const peakStep = stepOfPeak(warmupSteps);
  return (step) =>
    step < warmupSteps ? warmupValue(peak, startFactor, step / warmupSteps) : decay(step - peakStep, step);
}

/** Linear warm-up, then a decay given by its share of the way from the peak (1) to the end (0). */
export function warmupThenDecay(
  options: Checked<DecayOptions>,
  shareLeft: (progress: number) => number,
): (step: number) => number {
  const { peak, totalSteps, warmupSteps, endFactor } = options;
  const decaySteps = totalSteps - stepOfPeak(warmupSteps);
  return warmupThen(options, (elapsed) => {
    if (elapsed <= 0) return peak;
    if (elapsed >= decaySteps) return endFactor * peak;
    return between(peak, endFactor, shareLeft(elapsed / decaySteps));
  });
}

/** Without warm-up the first step has the peak, so that no update is spent on less than was asked for. */
export function stepOfPeak(warmupSteps: number): number {
  return Math.max(warmupSteps, 1);
}

/** Value of a warm-up of which the share `progress` is over. */
export function warmupValue(peak: number, startFactor: number, progress: number): number {
  return peak * (startFactor + (1 - startFactor) * progress);
}

/** Value between the peak (`shareLeft` 1) and its end (`shareLeft` 0). */
export function between(peak: number, endFactor: number, shareLeft: number): number {
  return peak * (endFactor + (1 - endFactor) * shareLeft);
}

/** @throws Error when the warm-up takes the whole run, which leaves no step for the decay */
export function checkWarmupFits(schedule: string, warmupSteps: number, totalSteps: number): void {
  if (warmupSteps > 0 && warmupSteps >= totalSteps) {
    throw new Error(
      `${schedule}: warmupSteps must be less than totalSteps, got warmupSteps ${warmupSteps} of totalSteps ${totalSteps}`,
    );
  }
}

/** Options of {@link linearWarmup}. */
export interface LinearWarmupOptions {
  /** Value from step `warmupSteps` on. */
  readonly peak: number;
  /** Steps over which the value rises to the peak. */
  readonly warmupSteps: number;
  /** Share of the peak from which the warm-up rises, as if at step 0. Default 0. */
  readonly startFactor?: number | undefined;
}

/**
 * Linear warm-up to a value that then stays.
 *
 * `peak (a + (1 - a) step / warmupSteps)` before step `warmupSteps`, with a = `startFactor`; then `peak`.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function linearWarmup(given: LinearWarmupOptions): Schedule {
  const options = readOptions<LinearWarmupOptions>('linearWarmup', given, {
    ...warmupOptions,
    warmupSteps: wholeNumber(1),
  });
  return makeSchedule(
    { type: 'linearWarmup', ...options },
    options.peak,
    warmupThen(options, () => options.peak),
  );
}
