import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a file is written from: all of it, or its pieces in order. */
export type FileContent = Uint8Array | string | Iterable<Uint8Array | string>;

/**
 * Writes a file under another name, flushes it, renames it and flushes the folder: a reader sees all of it or none, also after the
 * power fails, and once this returns the file stays.
 */
export async function writeAtomically(path: string, content: FileContent): Promise<void> {
  const temporary = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}.partial`;
  const pieces = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
  try {
    const file = await open(temporary, 'wx');
    try {
      for (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
}

/** Makes the names in a folder durable: those of new files, and what a rename changed. */
export async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and keeps its names in a journal.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
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
