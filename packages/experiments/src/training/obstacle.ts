/**
 * What kept a trial from running in a place though nothing is wrong with the trial: another process has it, the machine
 * lacks its backend, or the disk is full.
 */
export type Obstacle = 'busy' | 'backend' | 'disk';

/** A machine on which a trial's backend does not work. */
export class BackendMissing extends Error {
  override readonly name = 'BackendMissing';
}

/** The obstacle that an error, or one that caused it, tells of; undefined when the trial itself failed. */
export function obstacleOf(error: unknown): Obstacle | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'TrialBusy') return 'busy';
  if (error.name === 'BackendMissing') return 'backend';
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk' : obstacleOf(error.cause);
}
