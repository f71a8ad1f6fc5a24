import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RunError } from './run-error.ts';

/**
 * Writes a JSON file so that a reader sees the old content or the new, never a part, even after a power failure.
 * @throws RunError naming the file that cannot be written
 */
export async function writeJson(file: string, value: unknown): Promise<void> {
  const partial = `${file}.partial`;
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(partial, 'w');
    try {
      await handle.writeFile(`${JSON.stringify(value, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw new RunError(`cannot write ${file}: ${(error as Error).message}`, { cause: error });
  }
}
