import type { OptimizerResult, Results, TrialResult } from './results.ts';

/** `4/5, 1 diverged`: what became of an optimizer's trials. */
export function trialCounts(optimizer: OptimizerResult): string {
  const others = (['diverged', 'stopped', 'failed', 'interrupted', 'running'] as const).flatMap((status) =>
    optimizer[status] > 0 ? [`${optimizer[status]} ${status}`] : [],
  );
  return [`${optimizer.finished}/${optimizer.trials}`, ...others].join(', ');
}

/** How many planned trials have no record. A folder may also hold more, those of an earlier form of its experiment. */
export function missingTrials({
  plannedTrials = 0,
  trials,
  repeated,
}: Pick<Results, 'plannedTrials' | 'trials' | 'repeated'>): number {
  return Math.max(0, plannedTrials - trials.length - repeated.length);
}

/** Whether every trial that is known to be needed is over; where nobody knows how many there are to be, those that there are count. */
export function isComplete(results: Pick<Results, 'plannedTrials' | 'trials' | 'repeated'>): boolean {
  return missingTrials(results) === 0 && results.trials.every(isOver);
}

/** Whether a trial has a result, which no later run changes: one that was stopped as hopeless has, too. */
export function isOver({ status }: TrialResult): boolean {
  return status === 'finished' || status === 'diverged' || status === 'stopped';
}
