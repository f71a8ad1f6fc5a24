import type { TrialStatus, TrialSummary } from '@steepest/run-files';
import type { Variable } from '@tensorflow/tfjs-core';
import type { Counters } from './counters.ts';

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
