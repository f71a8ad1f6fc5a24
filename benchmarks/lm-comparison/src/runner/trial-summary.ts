import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LossLimits } from '../messages.ts';
import type { TrialEnd } from '../progress/index.ts';

/** The `summary.json` of a trial folder; undefined when there is none to read. */
export async function readSummary(directory: string): Promise<Omit<TrialEnd, 'trial'> | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, 'summary.json'), 'utf8')) as Omit<TrialEnd, 'trial'>;
  } catch {
    return undefined;
  }
}

/**
 * Whether a trial of this status is over, rather than to be taken up again by the next run; one that was given up as
 * hopeless is, as long as there are limits to its loss.
 */
export function isOver(status: TrialEnd['status'] | undefined, lossLimits?: LossLimits): boolean {
  return status === 'finished' || status === 'diverged' || (status === 'stopped' && lossLimits !== undefined);
}
