import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** How long to wait for a trial's folder, and for whom. */
export interface TrialLockOptions {
  /** Seconds without a sign of life after which a process on another machine is taken for dead; 30 by default. */
  readonly leaseSeconds?: number | undefined;
  /** Seconds to wait for the process at work there to let go; 0 by default. */
  readonly patienceSeconds?: number | undefined;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
  /** Called once when there is something to wait for, with a name of the process at work. */
  readonly onWait?: (holder: string) => void;
}

const betweenTriesMilliseconds = 100;

/**
 * Lets one process at a time work in a trial's folder, wherever it runs.
 * @returns a function that frees the folder
 * @throws TrialBusy naming the process at work, when patience or the signal has ended the wait for it
 */
export async function lockTrial(
  directory: string,
  trial: string,
  { leaseSeconds, patienceSeconds = 0, signal, onWait }: TrialLockOptions = {},
): Promise<() => Promise<void>> {
  const end = performance.now() + patienceSeconds * 1_000;
  for (let waits = false; ; waits = true) {
    const lock = await takeLock(join(directory, 'trial.lock'), leaseSeconds);
    if (!('busy' in lock)) return lock.release;
    if (signal?.aborted === true || performance.now() >= end) {
      throw new TrialBusy(`${trial} is already being trained by ${lock.busy}`);
    }
    if (!waits) onWait?.(lock.busy);
    await sleep(betweenTriesMilliseconds);
  }
}
