import type { OptimizerResult } from './results.ts';

/** `4/5, 1 diverged`: what became of an optimizer's trials. */
export function trialCounts(optimizer: OptimizerResult): string {
  const others = (['diverged', 'stopped', 'failed', 'interrupted', 'running'] as const).flatMap((status) =>
    optimizer[status] > 0 ? [`${optimizer[status]} ${status}`] : [],
  );
  return [`${optimizer.finished}/${optimizer.trials}`, ...others].join(', ');
}
