import { join } from 'node:path';
import { takeLock } from '@steepest/run-files';

/**
 * Keeps other processes out of a folder. The lock of a process that is gone is taken over: at once on the same machine, after
 * half a minute from another one.
 *
 * @returns what gives the folder free again
 * @throws if another process works there, or the lock cannot be taken: the message names it and says why
 */
export async function lockFolder(directory: string): Promise<() => Promise<void>> {
  const lock = await takeLock(join(directory, 'prepare.lock'));
  if ('busy' in lock) {
    throw new Error(
      `${lock.busy} is preparing shards in ${directory}: wait for its end, or give another folder`,
    );
  }
  return lock.release;
}
