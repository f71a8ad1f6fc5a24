import type { BackendName } from '@steepest/backend';
import type { NgramBaselines } from '@steepest/c4-data';
import type { TrainingProgress, TrialSummary } from '@steepest/trainer';
import type { DataSettings, Experiment, ModelSettings } from '../definition/schema.ts';
import type { Obstacle } from './obstacle.ts';

/** A tfjs backend, or `auto` for the best one that works. */
export type BackendChoice = 'auto' | BackendName;

/** How many threads a trial works on from its next step on, and the most it may ever be told. */
export interface ThreadShare {
  readonly now: number;
  readonly most: number;
}

/** What the preparation found out for all trials. */
export interface Prepared {
  readonly backend: { readonly name: BackendName; readonly reason: string };
  readonly versions: Readonly<Record<string, string>>;
  /** Of the tokens that trials read and are evaluated on. */
  readonly textHash: string;
  readonly trainTokens: number;
  readonly validationTokens: number;
  readonly parameters: number;
  /** Tokens that the text's tokenizer has. */
  readonly vocabularySize: number;
  /** What counts of n-grams in the text that a trial reads predict of its validation sequences. */
  readonly baselines: NgramBaselines;
}

/** Messages a worker process sends its coordinator. */
export type WorkerMessage =
  | { readonly type: 'status'; readonly text: string }
  /** What a person should know, though the work continues. */
  | { readonly type: 'warning'; readonly text: string }
  | { readonly type: 'progress'; readonly progress: TrainingProgress }
  | { readonly type: 'prepared'; readonly prepared: Prepared }
  | { readonly type: 'summary'; readonly summary: TrialSummary }
  | { readonly type: 'error'; readonly message: string; readonly obstacle?: Obstacle };

/** Messages a coordinator sends the process of a trial. */
export interface CoordinatorMessage {
  readonly type: 'threads';
  /** To work on from the next step on. */
  readonly threads: number;
}

/** When a trial writes a checkpoint; it has no say in the numbers. */
export interface CheckpointPlan {
  /** Steps between checkpoints. */
  readonly every: number;
  /** Checkpoints to keep. */
  readonly keep: number;
}

/** Above which validation loss a trial is not worth going on with. */
export interface LossLimits {
  /** Largest loss by step. */
  readonly limits: Readonly<Record<number, number>>;
  /** How much above the best trial that is, in nats per token. */
  readonly margin: number;
  /** Name of that trial. */
  readonly best: string;
}

/** Arguments of a trial process beyond the frozen configuration; only `lossLimits` has a say in when it ends. */
export interface TrialArguments {
  readonly configFile: string;
  /** Seconds without a sign of life after which another machine may take the trial over. */
  readonly leaseSeconds?: number;
  /** Seconds to wait for another process to let go of the trial; 0 by default. */
  readonly patienceSeconds?: number;
  readonly cacheDirectory: string;
  readonly checkpoint: CheckpointPlan;
  /** Threads that the backend works on at first, and those that it may be given later. */
  readonly threads: ThreadShare;
  readonly lossLimits?: LossLimits;
}

/** Arguments of the preparation process. */
export interface PreparationArguments {
  readonly backend: BackendChoice;
  readonly cacheDirectory: string;
  readonly model: ModelSettings;
  readonly data: DataSettings;
  readonly budget: Experiment['budget'];
  readonly evaluation: Experiment['evaluation'];
}
