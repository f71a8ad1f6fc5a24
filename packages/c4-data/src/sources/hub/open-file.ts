import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type CachePaths,
  cachePaths,
  dropFile,
  findPythonCopy,
  makeCacheFolder,
  readFacts,
  touch,
} from './cache.ts';
import { checksumOfFile } from './checksum.ts';
import { Download } from './download.ts';
import { repositoryName } from './failures.ts';
import type { FileFacts, HubFile } from './hub-file.ts';
import { Lease } from './lease.ts';
import type { HubSettings } from './settings.ts';

/** A file of the hub, open for reading from its start: on disk already, or on its way. */
export interface OpenHubFile {
  /** Size where it is known. */
  readonly bytes: number | undefined;
  /**
   * The bytes from the start, as they come.
   *
   * @throws DownloadRestarted if bytes read so far may be wrong: read again from the start
   */
  read(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void>;
  /**
   * Tells bytes that make no sense apart: true if they are those the hub has, so that the file itself is wrong; false if they
   * may not be, and were dropped to be got anew.
   */
  intact(): Promise<boolean>;
  close(): Promise<void>;
}

async function* readHandle(
  handle: FileHandle,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  for (let position = 0; ; ) {
    signal?.throwIfAborted();
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

const READ_BYTES = 256 * 1024;

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  return open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
}

async function openWhole(
  paths: CachePaths,
  lease: Lease | undefined,
  offline: boolean,
): Promise<OpenHubFile | undefined> {
  const handle = await openIfPresent(paths.file);
  if (handle === undefined) return undefined;
  await touch(paths.file);
  return {
    bytes: (await handle.stat()).size,
    read: (signal) => readHandle(handle, signal),
    async intact() {
      const { checksum } = await readFacts(paths);
      if (checksum && (await checksumOfFile(paths.file, checksum.algorithm)) === checksum.value) return true;
      // Offline it could not be got anew, and what is damaged may still be of use to its owner.
      if (offline) return true;
      await dropFile(paths);
      return false;
    },
    async close() {
      await handle.close();
      await lease?.release();
    },
  };
}

async function openPythonCopy(path: string, { checksum }: FileFacts): Promise<OpenHubFile> {
  const handle = await open(path, 'r');
  return {
    bytes: (await handle.stat()).size,
    read: (signal) => readHandle(handle, signal),
    intact: async () =>
      checksum !== undefined && (await checksumOfFile(path, checksum.algorithm)) === checksum.value,
    close: () => handle.close(),
  };
}

function openDownload(download: Download, facts: FileFacts, paths: CachePaths, lease: Lease): OpenHubFile {
  return {
    bytes: facts.bytes,
    read: (signal) => download.bytes(signal),
    async intact() {
      const { checked } = await download.complete();
      if (!checked) await dropFile(paths);
      return checked;
    },
    async close() {
      await download.leave();
      await lease.release();
    },
  };
}

/**
 * Opens a file of the hub: from the cache, else from the cache of the hub's Python library, else by downloading it into the
 * cache, where it can be read while it comes. It is in use, and so stays in the cache, until it is closed.
 *
 * @param facts what is known of the file, so that it need not be asked for again
 * @param trustPython whether a copy of the Python library is good enough
 * @throws if offline mode is on and the file is not there
 */
export async function openHubFile(
  file: HubFile,
  facts: FileFacts,
  settings: HubSettings,
  trustPython = true,
): Promise<OpenHubFile> {
  const paths = cachePaths(file, settings);
  const python = trustPython ? await findPythonCopy(file, facts, settings) : undefined;
  if (python !== undefined) return openPythonCopy(python, facts);
  if (settings.offline) {
    // A cache that is only read, as on a shared disk, takes no leases.
    const lease = await Lease.use(paths.file).catch(() => undefined);
    const whole = await openWhole(paths, lease, true);
    if (whole !== undefined) return whole;
    await lease?.release();
    throw notCached(file, settings);
  }
  await makeCacheFolder(dirname(paths.file), settings);
  const lease = await Lease.use(paths.file);
  try {
    const whole = await openWhole(paths, lease, false);
    return whole ?? openDownload(Download.join(file, paths, settings, facts), facts, paths, lease);
  } catch (cause) {
    await lease.release();
    throw cause;
  }
}

function notCached(file: HubFile, settings: HubSettings): Error {
  return new Error(
    `${file.path} of ${repositoryName(file)} is not in the cache ${settings.cacheDirectory}, and offline mode is on ` +
      `(${settings.offlineOrigin}): open it once with the network, or ${file.alternative}`,
  );
}
