import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Content, writeDurably } from './durable-files.ts';
import { type FileSystem, machineFiles, namingFile } from './file-system.ts';
import { RunError } from './run-error.ts';

const sumsName = 'SHA256SUMS';
/** Bytes that are read at once: enough that the disk is the slowest part. */
const pieceLength = 2 ** 20;

/**
 * Writes files into a folder, and beside them their checksums, as the command `sha256sum --check SHA256SUMS` reads them.
 *
 * @param contents made one after another, so that they need not be in memory at once
 */
export async function writeChecked(
  folder: string,
  contents: Readonly<Record<string, () => Content | Promise<Content>>>,
  files: FileSystem = machineFiles,
): Promise<void> {
  const lines: string[] = [];
  for (const [name, content] of Object.entries(contents)) {
    lines.push(`${await writeDurably(join(folder, name), await content(), files)}  ${name}\n`);
  }
  await writeDurably(join(folder, sumsName), lines.join(''), files);
}

/**
 * Compares files of a folder with their checksums.
 *
 * @throws Error naming the file that is missing, has no checksum, or has other bytes than were written
 */
export async function checkFolder(folder: string, names: readonly string[]): Promise<void> {
  const sumsFile = join(folder, sumsName);
  const text = await withFile(sumsFile, (file) => file.readFile('utf8'));
  const sums = new Map(text.split('\n').map((line) => [line.slice(66), line.slice(0, 64)]));
  for (const name of names) {
    const path = join(folder, name);
    const digest = await withFile(path, digestOf);
    if (!sums.has(name)) throw new RunError(`cannot resume from ${path}: ${sumsFile} has no checksum of it`);
    if (digest !== sums.get(name)) {
      throw new RunError(`cannot resume from ${path}: its bytes are not those that were saved`);
    }
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await namingFile('resume from', path, () => open(path, 'r'));
  try {
    if ((await file.stat()).isDirectory()) throw new RunError(`cannot resume from ${path}: it is a folder`);
    return await use(file);
  } finally {
    await file.close();
  }
}

async function digestOf(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of file.createReadStream({ autoClose: false, highWaterMark: pieceLength }))
    hash.update(piece);
  return hash.digest('hex');
}
