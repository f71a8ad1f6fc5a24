import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type CachePaths,
  cachePaths,
  dropFile,
  findPythonCopy,
  isRefusedWrite,
  makeCacheFolder,
  notWritable,
  readFacts,
  touch,
} from './cache.ts';
import { checksumOfFile } from './checksum.ts';
import { Download } from './download.ts';
import { repositoryName } from './failures.ts';
import type { FileFacts, HubFile } from './hub-file.ts';
import { Lease } from './lease.ts';
import type { HubSettings } from './settings.ts';

const readBytes = 256 * 1024;

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
  /** Whether the bytes read are those that the hub has; `unknown` without a checksum of it. Waits for a download's end. */
  examine(signal: AbortSignal | undefined): Promise<'right' | 'wrong' | 'unknown'>;
  /** Removes bytes that are not right from the cache, so that they are got anew. */
  drop(): Promise<void>;
  close(): Promise<void>;
}

type Verdict = Awaited<ReturnType<OpenHubFile['examine']>>;

async function* readHandle(
  handle: FileHandle,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  for (let position = 0; ; ) {
    signal?.throwIfAborted();
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(readBytes), 0, readBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  return open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
}

/** Compares a file on disk with its checksum, once. */
function examiner(path: string, facts: () => Promise<FileFacts>): () => Promise<Verdict> {
  const compare = async (): Promise<Verdict> => {
    const { checksum } = await facts();
    if (checksum === undefined) return 'unknown';
    return (await checksumOfFile(path, checksum.algorithm)) === checksum.value ? 'right' : 'wrong';
  };
  let verdict: Promise<Verdict> | undefined;
  return () => {
    verdict ??= compare();
    return verdict;
  };
}

async function openWhole(
  paths: CachePaths,
  facts: FileFacts,
  lease: Lease | undefined,
): Promise<OpenHubFile | undefined> {
  const handle = await openIfPresent(paths.file);
  if (handle === undefined) return undefined;
  await touch(paths.file);
  return {
    bytes: (await handle.stat()).size,
    read: (signal) => readHandle(handle, signal),
    examine: examiner(paths.file, async () => {
      const kept = await readFacts(paths);
      return kept.checksum === undefined ? facts : kept;
    }),
    drop: () => dropFile(paths),
    async close() {
      await handle.close();
      await lease?.release();
    },
  };
}

async function openPythonCopy(path: string, facts: FileFacts): Promise<OpenHubFile> {
  const handle = await open(path, 'r');
  return {
    bytes: (await handle.stat()).size,
    read: (signal) => readHandle(handle, signal),
    examine: examiner(path, async () => facts),
    // It belongs to another program.
    drop: async () => {},
    close: () => handle.close(),
  };
}

function openDownload(download: Download, facts: FileFacts, paths: CachePaths, lease: Lease): OpenHubFile {
  let { generation } = download;
  return {
    bytes: facts.bytes,
    read(signal) {
      generation = download.generation;
      return download.bytes(signal);
    },
    async examine(signal) {
      const { checked } = await download.complete(signal);
      if (download.generation !== generation) return 'wrong';
      return checked ? 'right' : 'unknown';
    },
    async drop() {
      if (download.generation === generation) await dropFile(paths);
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
 * A cache that may not be written, as on a shared disk, takes no leases: what it has is read, and nothing is added.
 *
 * What lies in a cache is compared with its checksum first: gzip would notice damage only at the end, and often nothing reads that far.
 *
 * @param facts what is known of the file, so that it need not be asked for again
 * @param trustPython whether a copy of the Python library is good enough
 * @throws if the file is not there, or not as the hub has it, and offline mode is on or the cache cannot be written
 */
export async function openHubFile(
  file: HubFile,
  facts: FileFacts,
  settings: HubSettings,
  trustPython = true,
): Promise<OpenHubFile> {
  const paths = cachePaths(file, settings);
  const python = trustPython ? await findPythonCopy(file, facts, settings) : undefined;
  if (python !== undefined) {
    const copy = await openPythonCopy(python.path, python.facts);
    if (await isUsable(copy, settings)) return copy;
  }
  if (settings.offline) {
    const lease = await Lease.use(paths.file).catch(() => undefined);
    const whole = await openWhole(paths, facts, lease);
    if (whole === undefined) {
      await lease?.release();
      throw notCached(file, settings);
    }
    if (await isUsable(whole, settings)) return whole;
    throw damaged(file, settings);
  }
  await makeCacheFolder(dirname(paths.file), settings);
  let refusal: unknown;
  const lease = await Lease.use(paths.file).catch((cause: unknown) => {
    if (!isRefusedWrite(cause)) throw cause;
    refusal = cause;
    return undefined;
  });
  try {
    const whole = await openWhole(paths, facts, lease);
    if (whole !== undefined && (await isUsable(whole, settings))) return whole;
    if (lease === undefined) throw notWritable(settings, refusal);
    if (whole === undefined) {
      return openDownload(Download.join(file, paths, settings, facts), facts, paths, lease);
    }
    await dropFile(paths);
    return openHubFile(file, facts, settings, trustPython);
  } catch (cause) {
    await lease?.release();
    throw cause;
  }
}

/** Whether a file has no other bytes than the hub; one that has is closed. */
async function isUsable(file: OpenHubFile, { signal }: HubSettings): Promise<boolean> {
  let verdict: Verdict | undefined;
  try {
    verdict = await file.examine(signal);
  } finally {
    if (verdict === undefined || verdict === 'wrong') await file.close();
  }
  return verdict !== 'wrong';
}

function damaged(file: HubFile, settings: HubSettings): Error {
  return new Error(
    `${file.path} of ${repositoryName(file)} in the cache ${settings.cacheDirectory} is damaged, and offline mode is on ` +
      `(${settings.offlineOrigin}): remove it and read it with the network`,
  );
}

function notCached(file: HubFile, settings: HubSettings): Error {
  return new Error(
    `${file.path} of ${repositoryName(file)} is not in the cache ${settings.cacheDirectory}, and offline mode is on ` +
      `(${settings.offlineOrigin}): open it once with the network, or ${file.alternative}`,
  );
}
