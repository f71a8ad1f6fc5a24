import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { type FileSystem, isMissing, machineFiles, namingFile } from './file-system.ts';

/** What a file is to hold: all at once, or in pieces that are taken one after another. */
export type Content =
  | string
  | Uint8Array
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

/** What files and hashes are given at once; neither takes 2 GiB. */
const longestPiece = 2 ** 26;

/**
 * Writes a file piece by piece and waits until the disk has it.
 *
 * @returns SHA-256 of the content in hexadecimal
 * @throws Error naming the file and the reason
 */
export async function writeDurably(
  path: string,
  content: Content,
  files: FileSystem = machineFiles,
): Promise<string> {
  const hash = createHash('sha256');
  await writeAndSync(path, content, files, (piece) => hash.update(piece));
  return hash.digest('hex');
}

async function writeAndSync(
  path: string,
  content: Content,
  files: FileSystem,
  onPiece?: (piece: Uint8Array) => void,
): Promise<void> {
  const file = await namingFile('write', path, () => files.open(path, 'w'));
  try {
    for await (const piece of pieces(content)) {
      onPiece?.(piece);
      await namingFile('write', path, () => file.writeFile(piece));
    }
    await namingFile('write', path, () => file.sync());
  } finally {
    await file.close();
  }
}

async function* pieces(content: Content): AsyncGenerator<Uint8Array> {
  const source = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
  for await (const piece of source) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    for (let start = 0; start < bytes.length; start += longestPiece) {
      yield bytes.subarray(start, start + longestPiece);
    }
  }
}

/**
 * Replaces a file as a whole: a kill at any moment leaves the old or the new one, and a full disk the old one.
 *
 * @param next what the file is called while it is written; processes that write one file at once need names of their own
 * @throws RunError naming the file that cannot be written
 */
export async function replaceFile(
  path: string,
  content: Content,
  files: FileSystem = machineFiles,
  next = `${path}.next`,
): Promise<void> {
  await orRemove(next, files, async () => {
    await writeAndSync(next, content, files);
    await namingFile('write', path, () => files.rename(next, path));
  });
  await syncFolder(dirname(path), files);
}

/** Makes room again when a full disk ends a write: a half-written file would take the room of others. */
async function orRemove(path: string, files: FileSystem, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    await removeFolder(path, files).catch(() => {});
    throw error;
  }
}

/**
 * Writes a JSON file, and the folders above it, so that a reader sees the old content or the new, never a part, even after a
 * power failure.
 *
 * @throws RunError naming the file that cannot be written
 */
export async function writeJson(
  file: string,
  value: unknown,
  files: FileSystem = machineFiles,
): Promise<void> {
  await namingFile('write', file, () => files.mkdir(dirname(file), { recursive: true }));
  await replaceFile(file, `${JSON.stringify(value, null, 2)}\n`, files);
}

/**
 * Replaces a folder as a whole. A folder with files cannot be replaced by one rename, so the steps are: write
 * `<folder>.next` completely; rename the folder to `<folder>.previous`; rename `.next` to the folder; retire
 * `.previous`. `<folder>` is therefore complete whenever it exists, and when it does not, `.previous` is complete
 * if it exists: {@link recoverFolder} puts it back.
 *
 * @param write writes all files into the folder that it is given
 * @param retire does something with the folder that was replaced, which is removed by default
 */
export async function replaceFolder(
  folder: string,
  write: (next: string) => Promise<void>,
  retire?: (previous: string) => Promise<void>,
  files: FileSystem = machineFiles,
): Promise<void> {
  const next = `${folder}.next`;
  const previous = `${folder}.previous`;
  await recoverFolder(folder, files);
  await orRemove(next, files, async () => {
    await namingFile('write', next, () => files.mkdir(next, { recursive: true }));
    await write(next);
    await syncFolder(next, files);
  });
  const replaces = await exists(folder, files);
  if (replaces) await files.rename(folder, previous);
  await files.rename(next, folder);
  await syncFolder(dirname(folder), files);
  if (replaces) await (retire ?? ((path) => removeFolder(path, files)))(previous);
}

/** Removes a folder with all that is in it. */
export async function removeFolder(folder: string, files: FileSystem = machineFiles): Promise<void> {
  await files.rm(folder, { recursive: true, force: true });
}

/** Undoes or completes a {@link replaceFolder} that a kill cut short. */
export async function recoverFolder(folder: string, files: FileSystem = machineFiles): Promise<void> {
  const previous = `${folder}.previous`;
  if (!(await exists(folder, files)) && (await exists(previous, files))) await files.rename(previous, folder);
  await removeFolder(previous, files);
  await removeFolder(`${folder}.next`, files);
}

/** Whether there is a file or folder of this path. */
export async function exists(path: string, files: FileSystem = machineFiles): Promise<boolean> {
  try {
    await files.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Makes renames in a folder durable, where the system can open a folder (Windows cannot, and need not). */
export async function syncFolder(path: string, files: FileSystem = machineFiles): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await files.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
