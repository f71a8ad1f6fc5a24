import { join } from 'node:path';
import { RunError, takeLock } from '@steepest/run-files';

/**
 * Keeps a second run out of a folder while one is at work there; a lock left by a killed run is taken over.
 * @returns a function that opens the folder again
 * @throws RunError naming the process at work
 */
export async function lockFolder(directory: string): Promise<() => Promise<void>> {
  const lock = await takeLock(join(directory, 'run.lock')).catch((error: Error) => {
    throw new RunError(`cannot write to ${directory}: ${error.message}`, { cause: error });
  });
  if ('busy' in lock) {
    throw new RunError(
      `${directory} is in use by another run (${lock.busy}); wait for it or give another --out`,
    );
  }
  return lock.release;
}
