import { cosineShare } from './cosine.ts';
import { factor, positiveNumber, readOptions, wholeNumber } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';
import { between, warmupValue } from './warmup.ts';

/** Options of {@link studySchedule}. */
export interface StudyScheduleOptions {
  /** Largest value, reached at step `freezeSteps + warmupSteps`. */
  readonly peak: number;
  /** Steps of the warm-up; a tenth of `totalSteps` in the study. */
  readonly warmupSteps: number;
  /** Step at which the decay ends; later steps keep its last value. */
  readonly totalSteps: number;
  /** Share of the peak from which the warm-up rises, as if at step 0. Default 0.1. */
  readonly startFactor?: number | undefined;
  /** Share of the peak at which the decay ends. Default 0.1. */
  readonly endFactor?: number | undefined;
  /** Steps during which frozen Adalayer only measures: `freezeSteps - 1` steps have rate 0. Default 0. */
  readonly freezeSteps?: number | undefined;
}

/**
 * The schedule of "Deconstructing What Makes a Good Optimizer for Language Models": warm-up from a tenth of the
 * peak, cosine down to a tenth of the peak.
 *
 * With s = step, F = `freezeSteps`, W = `warmupSteps`, N = `totalSteps`, a = `startFactor`, f = `endFactor`:
 * 0 for s < F; `peak (a + (1 - a) (s - F) / W)` for s < F + W;
 * `peak (f + (1 - f) (1 + cos(pi (s - F - W) / (N - F - W))) / 2)` for s < N; then `f peak`.
 * Zhao et al. 2024, arXiv 2407.07972.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function studySchedule(given: StudyScheduleOptions): Schedule {
  const options = readOptions<StudyScheduleOptions>('studySchedule', given, {
    peak: positiveNumber,
    warmupSteps: wholeNumber(0),
    totalSteps: wholeNumber(1),
    startFactor: factor(0.1),
    endFactor: factor(0.1),
    freezeSteps: wholeNumber(0, 0),
  });
  const { peak, warmupSteps, totalSteps, startFactor, endFactor, freezeSteps } = options;
  const peakStep = freezeSteps + warmupSteps;
  if (peakStep >= totalSteps) {
    throw new Error(
      `studySchedule: warmupSteps + freezeSteps must be less than totalSteps, ` +
        `got ${warmupSteps} + ${freezeSteps} of ${totalSteps}`,
    );
  }
  return makeSchedule({ type: 'studySchedule', ...options }, peak, (step) => {
    if (step < freezeSteps) return 0;
    if (step < peakStep) return warmupValue(peak, startFactor, (step - freezeSteps) / warmupSteps);
    if (step >= totalSteps) return endFactor * peak;
    return between(peak, endFactor, cosineShare((step - peakStep) / (totalSteps - peakStep)));
  });
}
