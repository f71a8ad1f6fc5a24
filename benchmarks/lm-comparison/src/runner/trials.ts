import { localTrials, type Onlookers, type TrainTrial } from './local-trials.ts';
import type { OpenedRun, Requests } from './open-run.ts';

/** Where the trials of a run are trained. */
export interface TrialPlaceOptions {
  /** Trials side by side; the experiment's own number, or as many as the cores have room for, by default. */
  readonly parallel?: number;
  /** Threads of each trial; a share of the cores by default. On wasm their number changes no result. */
  readonly threads?: number;
  /** Address of the Redis server whose workers run the trials; without it they run here. */
  readonly queue?: string;
}

/** A place that trains the trials of a run. */
export interface Trials {
  readonly train: TrainTrial;
  /** Waits for the trials asked for. `workersGoOn` when they were left rather than stopped, and workers of a queue go on. */
  close(): Promise<{ readonly workersGoOn: boolean }>;
}

/**
 * Opens the place where a run's trials are trained: this machine, or the workers of a queue.
 * @throws RunError when the queue cannot be reached
 */
export async function openTrials(
  run: OpenedRun,
  onlookers: Onlookers,
  requests: Requests,
  { parallel, threads, queue }: TrialPlaceOptions,
): Promise<Trials> {
  if (queue === undefined) {
    return {
      train: localTrials(run, onlookers, requests, { parallel, threads }),
      close: async () => ({ workersGoOn: false }),
    };
  }
  // BullMQ is loaded only where it is wanted.
  const { trialsOnQueue } = await import('../queue/index.ts');
  return trialsOnQueue(run, onlookers, requests, queue);
}
