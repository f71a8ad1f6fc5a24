import { cosineShare } from './cosine.ts';
import { factor, readOptions, wholeNumber } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';
import { type WarmupOptions, warmupOptions, warmupThen } from './warmup.ts';

/** Options of {@link cosineRestarts}. */
export interface CosineRestartsOptions extends WarmupOptions {
  /** Steps of the first cycle. */
  readonly firstCycleSteps: number;
  /** What the length of each cycle is multiplied by for the next one: a whole number. Default 1: all are equally long. */
  readonly cycleFactor?: number | undefined;
  /** What the height of each cycle is multiplied by for the next one: from 0 to 1. Default 1: all reach the peak. */
  readonly peakDecay?: number | undefined;
  /** Share of the peak toward which every cycle falls. Default 0. */
  readonly endFactor?: number | undefined;
}

/**
 * Linear warm-up, then one half cosine after another, without end: each falls from the top and the next restarts there.
 *
 * Cycle k = 0, 1, ... has T = `firstCycleSteps cycleFactor^k` steps and the top `peak h` with
 * h = max(f, `peakDecay^k`), f = `endFactor`. At i = 0, ..., T - 1 steps after its first step the value is
 * `peak (f + (h - f) (1 + cos(pi i / T)) / 2)`. The first cycle begins at the step of the peak.
 * Loshchilov and Hutter 2016 (SGDR), arXiv 1608.03983, equation 5; PyTorch's CosineAnnealingWarmRestarts.
 *
 * @throws Error naming the option that is unknown, missing or has a wrong value
 */
export function cosineRestarts(given: CosineRestartsOptions): Schedule {
  const options = readOptions<CosineRestartsOptions>('cosineRestarts', given, {
    ...warmupOptions,
    firstCycleSteps: wholeNumber(1),
    cycleFactor: wholeNumber(1, 1),
    peakDecay: factor(1),
    endFactor: factor(0),
  });
  const { peak, firstCycleSteps, cycleFactor, peakDecay, endFactor } = options;
  return makeSchedule(
    { type: 'cosineRestarts', ...options },
    peak,
    warmupThen(options, (elapsed) => {
      const { cycle, into, length } = cycleAt(elapsed, firstCycleSteps, cycleFactor);
      const top = Math.max(endFactor, peakDecay ** cycle);
      return peak * (endFactor + (top - endFactor) * cosineShare(into / length));
    }),
  );
}

/** The cycle that a step lies in, counted from 0, how many steps it lies after its first, and how long it is. */
function cycleAt(elapsed: number, firstLength: number, cycleFactor: number) {
  if (cycleFactor === 1) {
    return {
      cycle: Math.floor(elapsed / firstLength),
      into: elapsed % firstLength,
      length: firstLength,
    };
  }
  // Whole numbers all the way: a logarithm would round a step at the edge of a cycle into the wrong one.
  let [cycle, into, length] = [0, elapsed, firstLength];
  while (into >= length) {
    into -= length;
    length *= cycleFactor;
    cycle += 1;
  }
  return { cycle, into, length };
}
