import type { LossLimits } from '../training/messages.ts';
import type { TrialEnd } from './run-view.ts';

/**
 * Whether a trial of this status is over, rather than to be taken up again by the next run; one that was given up as
 * hopeless is, as long as there are limits to its loss.
 */
export function isOver(status: TrialEnd['status'] | undefined, lossLimits?: LossLimits): boolean {
  return status === 'finished' || status === 'diverged' || (status === 'stopped' && lossLimits !== undefined);
}
