import type { TimedStep } from './child.ts';

/** The part of a step that one thread does alone, and what it leaves to gain from more. */
export interface SerialShare {
  /** Milliseconds of a step during which one thread works alone. */
  readonly milliseconds: number;
  /** That time in the time which one thread would take for the whole step. */
  readonly share: number;
}

/**
 * The serial share of a step on several threads: with `alone` milliseconds of one thread and `divided` of all,
 * `alone / (alone + threads divided)`, taking what is divided for evenly divided. Waiting for the slowest thread thus counts as
 * work: the share is a lower bound.
 *
 * @returns undefined for a step on one thread, or of unknown division
 */
export function serialShareOf(
  { milliseconds, dividedMilliseconds }: TimedStep,
  threads: number,
): SerialShare | undefined {
  if (threads === 1 || dividedMilliseconds === undefined) return undefined;
  const alone = Math.max(0, milliseconds - dividedMilliseconds);
  return { milliseconds: alone, share: alone / (alone + threads * dividedMilliseconds) };
}

/** How many times as fast as one thread `threads` are at best, `1 / (s + (1 - s) / threads)` (Amdahl 1967). */
export function predictedSpeedup({ share }: SerialShare, threads: number): number {
  return 1 / (share + (1 - share) / threads);
}
