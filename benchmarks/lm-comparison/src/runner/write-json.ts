import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RunError } from './run-error.ts';

/**
 * Writes a JSON file so that a reader sees the old content or the new, never a part.
 * @throws RunError naming a folder that cannot be written
 */
export async function writeJson(file: string, value: unknown): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.partial`, `${JSON.stringify(value, null, 2)}\n`);
    await rename(`${file}.partial`, file);
  } catch (error) {
    throw new RunError(`cannot write ${file}: ${(error as Error).message}`);
  }
}
