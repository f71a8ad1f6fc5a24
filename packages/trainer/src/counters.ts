import { pushRecent } from './recent.ts';
import type { RunSettings } from './run-settings.ts';
import type { SpikeCounters } from './spikes.ts';

/** What a run has counted so far: all that a resume needs beside the model, the optimizer and the data. */
export interface Counters {
  /** Steps taken. */
  step: number;
  /** Tokens trained on. */
  tokens: number;
  /** FLOPs of training on them, where they are counted. */
  flops?: number;
  /** Seconds spent in training steps, over all resumes. */
  seconds: number;
  /** Sum and number of the losses since the last line of metrics. */
  loss: { sum: number; count: number };
  /** Loss of the first step. */
  firstLoss: number | null;
  /** Losses of the last steps, for the divergence rule. */
  recentLosses: number[];
  /** Where spikes are skipped. */
  spikes?: SpikeCounters;
  /** Loss of the last line of metrics. */
  trainLoss: number | null;
  /** The last evaluation, and the first and best loss of all; `bitsPerByte` where the data says how many bytes it has. */
  evaluation: {
    step: number;
    loss: number;
    initialLoss: number;
    bestLoss: number;
    bitsPerByte?: number;
  } | null;
  /** Bytes of optimizer state after the last step. */
  stateBytes: number;
  /** Fewest and most threads that steps were taken on; there only where the caller says how many work. */
  threads?: { least: number; most: number };
  /** Durations of the last steps on the fewest threads, at most {@link durationsKept}, and of the optimizer in them. */
  milliseconds: { step: number[]; optimizer: number[] };
}

/** Enough for a steady median, and little enough for every checkpoint. */
const durationsKept = 1000;

/** The counters of a run that has not begun. */
export function initialCounters({ countsFlops, skipSpikes }: RunSettings): Counters {
  return {
    step: 0,
    tokens: 0,
    ...(countsFlops === undefined ? {} : { flops: 0 }),
    ...(skipSpikes === undefined ? {} : { spikes: { losses: [], gradientNorms: [], skipped: 0 } }),
    seconds: 0,
    loss: { sum: 0, count: 0 },
    firstLoss: null,
    recentLosses: [],
    trainLoss: null,
    evaluation: null,
    stateBytes: 0,
    milliseconds: { step: [], optimizer: [] },
  };
}

/** How long a step took, in milliseconds. */
export interface StepDuration {
  readonly step: number;
  readonly optimizer: number;
}

/** Keeps the duration of a step, unless others were taken on fewer threads, with which it does not compare. */
export function keepDuration(counters: Counters, duration: StepDuration, threads: number | undefined): void {
  if (threads !== undefined) {
    const { least = Number.POSITIVE_INFINITY, most = 0 } = counters.threads ?? {};
    counters.threads = { least: Math.min(least, threads), most: Math.max(most, threads) };
    if (threads > least) return;
    if (threads < least) counters.milliseconds = { step: [], optimizer: [] };
  }
  pushRecent(counters.milliseconds.step, duration.step, durationsKept);
  pushRecent(counters.milliseconds.optimizer, duration.optimizer, durationsKept);
}
