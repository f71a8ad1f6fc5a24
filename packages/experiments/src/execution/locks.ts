import { join } from 'node:path';
import { RunError, takeLock } from '@steepest/run-files';

/**
 * Keeps a second run out of a folder while one is at work there; a lock left by a killed run is taken over.
 * @returns a function that opens the folder again
 * @throws RunError naming the process at work, or the lock and why it cannot be taken
 */
export async function lockFolder(directory: string): Promise<() => Promise<void>> {
  const lock = await takeLock(join(directory, 'run.lock'));
  if ('busy' in lock) {
    throw new RunError(
      `${directory} is in use by another run (${lock.busy}); wait for it or give another --out`,
    );
  }
  return lock.release;
}

/** A trial that another process is at work on. */
export class TrialBusy extends Error {
  override readonly name = 'TrialBusy';
}

/**
 * Lets one process at a time work in a trial's folder, wherever it runs.
 * @param leaseSeconds how long the process may show no sign of life before one on another machine takes over
 * @returns a function that frees the folder
 * @throws TrialBusy naming the process at work
 */
export async function lockTrial(
  directory: string,
  trial: string,
  leaseSeconds?: number,
): Promise<() => Promise<void>> {
  const lock = await takeLock(join(directory, 'trial.lock'), leaseSeconds);
  if ('busy' in lock) throw new TrialBusy(`${trial} is already being trained by ${lock.busy}`);
  return lock.release;
}
