import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Writes a file and waits until the disk has it. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Replaces a file as a whole: a kill at any moment leaves the old or the new one, and a full disk the old one. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const next = `${path}.next`;
  await orRemove(next, () => writeDurably(next, content));
  await rename(next, path);
  await syncFolder(dirname(path));
}

/** Makes room again when a full disk ends a write: a half-written file would take the room of others. */
async function orRemove(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    await rm(path, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/** The text of a file, or `undefined` when there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Replaces a folder as a whole. A folder with files cannot be replaced by one rename, so the steps are: write
 * `<folder>.next` completely; rename the folder to `<folder>.previous`; rename `.next` to the folder; retire
 * `.previous`. `<folder>` is therefore complete whenever it exists, and when it does not, `.previous` is complete
 * if it exists: {@link recoverFolder} puts it back.
 *
 * @param retire does something with the folder that was replaced, which is removed by default
 */
export async function replaceFolder(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  retire: (previous: string) => Promise<void> = removeFolder,
): Promise<void> {
  const next = `${folder}.next`;
  const previous = `${folder}.previous`;
  await recoverFolder(folder);
  await orRemove(next, async () => {
    await mkdir(next, { recursive: true });
    for (const [name, content] of Object.entries(files)) await writeDurably(join(next, name), content);
    await syncFolder(next);
  });
  const replaces = await exists(folder);
  if (replaces) await rename(folder, previous);
  await rename(next, folder);
  await syncFolder(dirname(folder));
  if (replaces) await retire(previous);
}

/** Removes a folder with all that is in it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Undoes or completes a {@link replaceFolder} that a kill cut short. */
export async function recoverFolder(folder: string): Promise<void> {
  const previous = `${folder}.previous`;
  if (!(await exists(folder)) && (await exists(previous))) await rename(previous, folder);
  await rm(previous, { recursive: true, force: true });
  await rm(`${folder}.next`, { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Makes renames in a folder durable, where the system can open a folder (Windows cannot, and need not). */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
