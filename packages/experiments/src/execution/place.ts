import type { TrialConfig } from '../definition/trials.ts';
import type { LossLimits } from '../training/messages.ts';
import type { Display } from './display.ts';
import type { RunView, TrialEnd } from './run-view.ts';

/**
 * Runs a trial, with limits to its loss where it may be given up, and returns how it ended; undefined when it was not begun
 * or not followed to its end, because the user has stopped the run.
 */
export type TrainTrial = (config: TrialConfig, lossLimits?: LossLimits) => Promise<TrialEnd | undefined>;

/** What shows a run to the user. */
export interface Observers {
  readonly view: RunView;
  readonly display: Display;
}

/** Where the trials of a run are trained. */
export interface PlaceOptions {
  /** Trials side by side; the experiment's own number, or as many as the cores have room for, by default. */
  readonly parallel?: number;
  /** Threads of each trial; a share of the cores by default. On wasm their number changes no result. */
  readonly threads?: number;
  /** Seconds that a trial run here waits for another process that is training it, before it fails; 60 by default. */
  readonly patienceSeconds?: number;
  /** Address of the Redis server whose workers run the trials; without it they run here. */
  readonly queue?: string;
}

/** A place that trains the trials of a run. */
export interface TrialPlace {
  readonly train: TrainTrial;
  /** Waits for the trials asked for. `workersGoOn` when they were left rather than stopped, and workers of a queue continue. */
  close(): Promise<{ readonly workersGoOn: boolean }>;
}
