import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from './run-error.ts';

/**
 * Keeps a second run out of a folder while one is at work there; a lock left by a killed run is taken over.
 * @returns a function that opens the folder again
 * @throws RunError naming the process at work
 */
export async function lockFolder(directory: string): Promise<() => Promise<void>> {
  const file = join(directory, 'run.lock');
  const holder = Number(await readFile(file, 'utf8').catch(() => '0'));
  if (holder > 0 && holder !== process.pid && isAlive(holder)) {
    throw new RunError(
      `${directory} is in use by another run (process ${holder}); wait for it or give another --out`,
    );
  }
  await rm(file, { force: true });
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(String(process.pid));
    await handle.close();
  } catch (error) {
    throw new RunError(`cannot write to ${directory}: ${(error as Error).message}`);
  }
  return () => rm(file, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
