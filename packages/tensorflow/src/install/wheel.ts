import { createWriteStream, statSync } from 'node:fs';
import { mkdir, rename, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { formatBytes, type InstallReport } from './report.ts';

/**
 * Unpacks the files of a wheel that are wanted, each under another name until its checksum is known to be right. A file that is
 * there with its size was unpacked before, and is kept.
 *
 * @returns the bytes of all wanted files, and of those that were not there
 * @throws if the wheel cannot be read, a checksum differs, or the disk has no room
 */
export async function unpackWheel(
  wheel: string,
  folder: string,
  isWanted: (path: string) => boolean,
  report: InstallReport,
): Promise<{ readonly bytes: number; readonly unpackedBytes: number }> {
  const zip = await opened(wheel);
  try {
    const wanted: Entry[] = [];
    for await (const entry of zip.eachEntry()) {
      if (!entry.fileName.endsWith('/') && isWanted(entry.fileName)) wanted.push(entry);
    }
    const missing = wanted.filter((entry) => !isThere(join(folder, entry.fileName), entry));
    const total = bytesOf(missing);
    await mkdir(folder, { recursive: true });
    const { bavail, bsize } = await statfs(folder);
    if (total > bavail * bsize) {
      throw new Error(
        `${folder} has room for ${formatBytes(bavail * bsize)}, and the libraries need ${formatBytes(total)}: ` +
          'free some, or set XDG_CACHE_HOME to a folder on another disk.',
      );
    }
    let done = 0;
    for (const entry of missing) {
      await unpack(zip, entry, join(folder, entry.fileName), (bytes) => {
        done += bytes;
        report.progress(done / total, `${formatBytes(done)} of ${formatBytes(total)}`);
      });
    }
    return { bytes: bytesOf(wanted), unpackedBytes: total };
  } finally {
    zip.close();
  }
}

/** The text of a file of a wheel; undefined if it has none that is wanted. */
export async function readFromWheel(
  wheel: string,
  isWanted: (path: string) => boolean,
): Promise<string | undefined> {
  const zip = await opened(wheel);
  try {
    for await (const entry of zip.eachEntry()) {
      if (!isWanted(entry.fileName)) continue;
      const chunks: Buffer[] = [];
      for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    }
    return undefined;
  } finally {
    zip.close();
  }
}

async function opened(wheel: string): Promise<ZipFile> {
  try {
    return await openPromise(wheel, { autoClose: false });
  } catch (cause) {
    throw new Error(
      `${wheel} cannot be read as a wheel (${(cause as Error).message}): it may be cut short. Download it again.`,
      { cause },
    );
  }
}

function isThere(path: string, { uncompressedSize }: Entry): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === uncompressedSize;
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
}

async function unpack(
  zip: ZipFile,
  entry: Entry,
  path: string,
  onBytes: (bytes: number) => void,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  let checksum = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      checksum = crc32(chunk, checksum);
      onBytes(chunk.length);
      callback(null, chunk);
    },
  });
  const partial = `${path}.partial`;
  await pipeline(await zip.openReadStreamPromise(entry), check, createWriteStream(partial, { flush: true }));
  if (checksum !== entry.crc32) {
    throw new Error(`${entry.fileName} of the wheel has a wrong checksum: download the wheel again.`);
  }
  await rename(partial, path);
}
