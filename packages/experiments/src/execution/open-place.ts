import { localTrials } from './local-place.ts';
import type { OpenedRun, Requests } from './open-run.ts';
import type { Observers, PlaceOptions, TrialPlace } from './place.ts';

/**
 * Opens the place where a run's trials are trained: this machine, or the workers of a queue.
 * @throws RunError when the queue cannot be reached
 */
export async function openPlace(
  run: OpenedRun,
  observers: Observers,
  requests: Requests,
  { queue, ...options }: PlaceOptions,
): Promise<TrialPlace> {
  if (queue === undefined) {
    return {
      train: localTrials(run, observers, requests, options),
      close: async () => ({ workersGoOn: false }),
    };
  }
  // BullMQ is loaded only where it is wanted.
  const { trialsOnQueue } = await import('./queue/queue-place.ts');
  return trialsOnQueue(run, observers, requests, queue);
}
