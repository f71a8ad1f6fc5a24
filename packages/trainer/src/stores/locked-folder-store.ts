import { join } from 'node:path';
import { RunError, takeLock } from '@steepest/run-files';
import { folderStore } from './folder-store.ts';
import type { RunStore } from './run-store.ts';

/** A run in a folder in which one process trains at a time. A lock that a killed one has left is taken over. */
export function lockedFolderStore(directory: string): RunStore {
  const store = folderStore(directory);
  return {
    async open(config) {
      const run = await store.open(config);
      try {
        const lock = await takeLock(join(directory, 'train.lock'));
        if ('busy' in lock) {
          throw new RunError(
            `the run folder "${directory}" is being trained in by ${lock.busy}: wait for it, or use another folder`,
          );
        }
        const close = async (): Promise<void> => {
          try {
            await run.close();
          } finally {
            await lock.release();
          }
        };
        return { ...run, close };
      } catch (error) {
        await run.close();
        throw error;
      }
    },
  };
}
