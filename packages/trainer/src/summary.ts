import type { Variable } from '@tensorflow/tfjs-core';
import type { Counters } from './counters.ts';

/**
 * How a run ended: `finished` and `diverged` ones are over; `interrupted` and `failed` ones resume, and so does one that
 * was `stopped` because it looked hopeless.
 */
export type TrialStatus = 'finished' | 'diverged' | 'failed' | 'interrupted' | 'stopped';

/** What a run came to; summary.json holds it. Losses are cross-entropies in nats a token. */
export interface TrialSummary {
  readonly status: TrialStatus;
  /** Why the run diverged, failed or was stopped. */
  readonly reason?: string;
  /** Steps taken. */
  readonly steps: number;
  /** Tokens trained on. */
  readonly tokens: number;
  /** FLOPs of training on them; there only with `flopsPerToken`. */
  readonly flops?: number;
  /** Steps that `skipSpikes` has skipped, which count among `steps`; there only with that option. */
  readonly skippedSpikes?: number;
  /** Loss of the last training line in the metrics: the mean since the line before. `null` when it diverged. */
  readonly finalTrainLoss: number | null;
  /** Loss of the last evaluation; `null` when the run diverged or was stopped before its end. */
  readonly finalValidationLoss: number | null;
  /** The same in bits by byte of text; there only where the validation batches say how many bytes they stand for. */
  readonly finalBitsPerByte?: number | null;
  readonly bestValidationLoss: number | null;
  readonly initialValidationLoss: number | null;
  /** Over the whole training time, evaluation left out. */
  readonly tokensPerSecond: number | null;
  /** Fewest and most threads that steps were taken on; there only with the option `threads`. */
  readonly threads?: { readonly least: number; readonly most: number };
  /** Median over the last 1,000 steps, of those on the fewest threads. */
  readonly millisecondsPerStep: number | null;
  /** The optimizer's part of it: a median, too. */
  readonly optimizerMillisecondsPerStep: number | null;
  /** Bytes of optimizer state for each number the model learns. */
  readonly stateBytesPerParameter: number;
  /** Numbers the model learns. */
  readonly parameters: number;
  /** Seconds spent in training steps, over all resumes; evaluation and checkpoints left out. */
  readonly seconds: number;
}

/** How far a run is. */
export interface TrainingProgress {
  readonly step: number;
  readonly steps: number;
  /** Training cross-entropy of this step, nats a token. */
  readonly loss: number;
  /** Over the last steps. */
  readonly tokensPerSecond: number;
  /** Training time left at that speed; evaluation left out. */
  readonly secondsLeft: number;
}

/** Sums a run up. */
export function summarize(
  status: TrialStatus,
  counters: Counters,
  variables: readonly Variable[],
  reason?: string,
): TrialSummary {
  const { step, tokens, flops, spikes, seconds, trainLoss, evaluation, stateBytes, milliseconds, threads } =
    counters;
  const parameters = variables.reduce((sum, variable) => sum + variable.size, 0);
  const diverged = status === 'diverged';
  const hasFinal = !diverged && status !== 'stopped';
  return {
    status,
    ...(reason === undefined ? {} : { reason }),
    steps: step,
    tokens,
    ...(flops === undefined ? {} : { flops }),
    ...(spikes === undefined ? {} : { skippedSpikes: spikes.skipped }),
    finalTrainLoss: diverged ? null : trainLoss,
    finalValidationLoss: hasFinal ? (evaluation?.loss ?? null) : null,
    ...(evaluation?.bitsPerByte === undefined
      ? {}
      : { finalBitsPerByte: hasFinal ? evaluation.bitsPerByte : null }),
    bestValidationLoss: evaluation?.bestLoss ?? null,
    initialValidationLoss: evaluation?.initialLoss ?? null,
    tokensPerSecond: seconds > 0 ? tokens / seconds : null,
    ...(threads === undefined ? {} : { threads }),
    millisecondsPerStep: median(milliseconds.step),
    optimizerMillisecondsPerStep: median(milliseconds.optimizer),
    stateBytesPerParameter: stateBytes / parameters,
    parameters,
    seconds,
  };
}

/** Median of numbers, or `null` when there are none. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
