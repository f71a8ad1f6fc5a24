import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LossLimits } from '../messages.ts';
import type { TrialEnd } from '../progress/index.ts';

/** The `summary.json` of a trial folder; undefined when there is none to read. */
export async function readSummary(directory: string): Promise<Omit<TrialEnd, 'trial'> | undefined> {
  try {
    const summary: unknown = JSON.parse(await readFile(join(directory, 'summary.json'), 'utf8'));
    return isSummary(summary) ? summary : undefined;
  } catch {
    return undefined;
  }
}

function isSummary(value: unknown): value is Omit<TrialEnd, 'trial'> {
  const { status, finalValidationLoss = null, seconds = null } = (value ?? {}) as Partial<TrialEnd>;
  const isNumber = (number: unknown) => number === null || typeof number === 'number';
  return typeof status === 'string' && isNumber(finalValidationLoss) && isNumber(seconds);
}

/**
 * Whether a trial of this status is over, rather than to be taken up again by the next run; one that was given up as
 * hopeless is, as long as there are limits to its loss.
 */
export function isOver(status: TrialEnd['status'] | undefined, lossLimits?: LossLimits): boolean {
  return status === 'finished' || status === 'diverged' || (status === 'stopped' && lossLimits !== undefined);
}
