import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Content, replaceFile } from '@steepest/run-files';

/**
 * Writes a file so that a reader sees all of it or none, also after the power fails. Several processes may write the same one at once:
 * each has a name of its own for it until it is complete.
 */
export function writeAtomically(path: string, content: Content): Promise<void> {
  const own = `${process.pid}-${Math.random().toString(36).slice(2)}`;
  return replaceFile(path, content, undefined, `${path}.${own}.partial`);
}

/**
 * Makes a folder and those above it where they are absent.
 *
 * Not by `mkdir` with `recursive`: Node repeats that without end where the system says ENOENT of a name in a folder that is there, as in
 * /proc and some automounts.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeOneFolder(path);
  } catch (cause) {
    const parent = dirname(path);
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw cause;
    await makeFolder(parent);
    await makeOneFolder(path);
  }
}

/** Makes a folder in one that is there, unless it is there itself. */
async function makeOneFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isDirectory()) throw cause;
  }
}
