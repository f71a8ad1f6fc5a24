import { constants } from 'node:fs';
import { access, type FileHandle, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { syncFolder } from '@steepest/run-files';
import {
  type CachePaths,
  isRefusedWrite,
  makeCacheFolder,
  makeRoom,
  notWritable,
  readFacts,
  writeFacts,
} from './cache.ts';
import { BeyondLimit, DamagedTransfer, repositoryName, TransferFailure } from './failures.ts';
import { explain, fetchFacts } from './hub-facts.ts';
import { type FileFacts, type HubFile, noFacts } from './hub-file.ts';
import { Lease } from './lease.ts';
import { PartialFile } from './partial-file.ts';
import { Retries } from './retries.ts';
import type { HubSettings } from './settings.ts';
import { requireWithinLimit, transfer } from './transfer.ts';

/** Downloads of one file whose bytes turn out wrong at the end, after which it is given up. */
const damagedDownloads = 3;
const readBytes = 256 * 1024;
const pollMilliseconds = 200;
const progressMilliseconds = 500;

/** The download began anew with other bytes than a reader of it has seen. */
export class DownloadRestarted extends Error {}

/** Another process took the file over while this one was stopped. */
class LeaseLost extends Error {}

const running = new Map<string, Download>();

/**
 * The one download of a file in this process. It runs at the network's speed into the cache, and any number of readers
 * follow it at theirs; when the last one leaves it stops, and what came so far stays for the next.
 */
export class Download {
  /** Bytes on disk that readers may read. */
  private available = 0;
  /** Counts the beginnings with bytes that may differ from those before. */
  generation = 0;
  private state: 'running' | 'complete' | 'failed' = 'running';
  private failure: unknown;
  private facts: FileFacts;
  private readers = 0;
  private readonly handles: FileHandle[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly stop = new AbortController();
  private readonly finished: Promise<void>;
  private readonly started = performance.now();
  private reported = -Infinity;

  private constructor(
    private readonly file: HubFile,
    private readonly paths: CachePaths,
    private readonly settings: HubSettings,
    facts: FileFacts,
  ) {
    this.facts = facts;
    this.finished = this.run().then(
      () => this.end('complete'),
      (cause) => {
        this.failure = cause;
        this.end('failed');
      },
    );
  }

  /** Begins the download of a file, or joins the one that runs. */
  static join(file: HubFile, paths: CachePaths, settings: HubSettings, facts: FileFacts): Download {
    const download = running.get(paths.file) ?? new Download(file, paths, settings, facts);
    if (download.state === 'running') running.set(paths.file, download);
    download.readers += 1;
    return download;
  }

  /**
   * The bytes as they come, to the end of a download that is whole and checked.
   *
   * @throws DownloadRestarted if bytes already read may be wrong; what ended the download; the signal's reason
   */
  async *bytes(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
    const { generation } = this;
    for (let position = 0; ; ) {
      signal?.throwIfAborted();
      if (generation !== this.generation) throw new DownloadRestarted();
      if (position < this.available) {
        const length = Math.min(readBytes, this.available - position);
        const { bytesRead, buffer } = await this.handles
          .at(-1)!
          .read(Buffer.allocUnsafe(length), 0, length, position);
        if (generation !== this.generation) throw new DownloadRestarted();
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      } else if (this.state === 'complete') return;
      else if (this.state === 'failed') throw this.failure;
      else await this.change(signal);
    }
  }

  /** Waits until the download is whole and checked. Tells whether the hub gave a checksum to check it with. */
  async complete(signal: AbortSignal | undefined): Promise<{ readonly checked: boolean }> {
    while (this.state === 'running') {
      signal?.throwIfAborted();
      await this.change(signal);
    }
    if (this.state === 'failed') throw this.failure;
    return { checked: this.facts.checksum !== undefined };
  }

  /** Ends one reader's part; the last one ends the download. */
  async leave(): Promise<void> {
    this.readers -= 1;
    if (this.readers > 0) return;
    if (running.get(this.paths.file) === this) running.delete(this.paths.file);
    this.stop.abort(new Error(`nobody reads ${this.file.path} any more`));
    await this.finished;
    for (const handle of this.handles.splice(0)) await handle.close();
  }

  private change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        this.waiting.delete(wake);
        resolve();
      };
      this.waiting.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }

  private notify(): void {
    for (const wake of [...this.waiting]) wake();
  }

  private end(state: 'complete' | 'failed'): void {
    this.state = state;
    if (running.get(this.paths.file) === this) running.delete(this.paths.file);
    this.notify();
  }

  private report(bytes: number, always = false): void {
    const now = performance.now();
    if (!always && now - this.reported < progressMilliseconds) return;
    this.reported = now;
    this.settings.onProgress?.({
      phase: 'downloading',
      file: this.file.path,
      bytes,
      totalBytes: this.facts.bytes,
      seconds: (now - this.started) / 1000,
    });
  }

  private async run(): Promise<void> {
    await makeCacheFolder(dirname(this.paths.file), this.settings);
    for (;;) {
      const lease = await this.claim();
      if (lease === undefined) return this.adopt();
      try {
        return await this.get(lease);
      } catch (cause) {
        if (!(cause instanceof LeaseLost)) throw this.explainDisk(cause);
      } finally {
        await lease.release();
      }
      this.generation += 1;
    }
  }

  /** The right to write the file; undefined once another process has finished it. */
  private async claim(): Promise<Lease | undefined> {
    const done = () =>
      access(this.paths.file).then(
        () => true,
        () => false,
      );
    for (;;) {
      this.stop.signal.throwIfAborted();
      if (await done()) return undefined;
      const lease = await Lease.tryGet(this.paths.file);
      if (lease !== undefined) {
        if (!(await done())) return lease;
        await lease.release();
        return undefined;
      }
      const others = await stat(this.paths.partial).catch(() => undefined);
      if (others !== undefined) this.report(others.size);
      await sleep(pollMilliseconds * (0.5 + Math.random()));
    }
  }

  private async adopt(): Promise<void> {
    const handle = await open(this.paths.file, 'r');
    this.handles.push(handle);
    this.facts = await readFacts(this.paths);
    this.available = (await handle.stat()).size;
  }

  private async get(lease: Lease): Promise<void> {
    const { file, paths, settings } = this;
    const { signal } = this.stop;
    const retries = new Retries(file, settings, signal);
    const stated = await this.statedFacts(signal);
    this.facts = stated;
    requireWithinLimit(file, stated.bytes ?? 0);
    const handle = await open(paths.partial, constants.O_RDWR | constants.O_CREAT);
    this.handles.push(handle);
    // Beside the partial file from its first byte, since the cache removes nothing that has no facts.
    await writeFacts(paths, stated);
    await makeRoom((stated.bytes ?? 0) - (await handle.stat()).size, settings);
    const partial = await PartialFile.resume(handle, stated);
    this.available = partial.length;
    const onBytes = async (added: number) => {
      if (!(await lease.stillHeld())) throw new LeaseLost();
      retries.progressed(added);
      this.facts = partial.facts;
      this.available = partial.length;
      this.notify();
      this.report(partial.length);
    };
    for (let damaged = 0; ; ) {
      try {
        await transfer(file, partial, settings, signal, onBytes);
        await partial.check();
        break;
      } catch (cause) {
        if (cause instanceof BeyondLimit) {
          await partial.restart();
          throw cause;
        }
        if (!(cause instanceof DamagedTransfer)) {
          await retries.next(await explain(cause, file, settings, signal));
          continue;
        }
        damaged += 1;
        if (damaged < damagedDownloads) this.generation += 1;
        this.available = 0;
        await partial.restart();
        if (damaged === damagedDownloads) throw this.explainDamage(cause);
        this.notify();
        await retries.next(new TransferFailure(cause.message));
      }
    }
    await handle.sync();
    if (partial.facts !== stated) await writeFacts(paths, partial.facts);
    await rename(paths.partial, paths.file);
    await syncFolder(dirname(paths.file));
    this.facts = partial.facts;
    this.report(partial.length, true);
    await makeRoom(0, settings);
  }

  private async statedFacts(signal: AbortSignal): Promise<FileFacts> {
    const known = [this.facts, await readFacts(this.paths)].find(({ bytes }) => bytes !== undefined);
    if (known !== undefined) return known;
    const [facts] = await fetchFacts([this.file], this.settings, signal);
    return facts ?? noFacts;
  }

  private explainDamage(cause: DamagedTransfer): Error {
    return new Error(
      `${this.file.path} of ${repositoryName(this.file)} arrived damaged ${damagedDownloads} times (${cause.message}): ` +
        'something on the way alters it, such as a proxy, or the mirror has another file',
      { cause },
    );
  }

  private explainDisk(cause: unknown): unknown {
    if (isRefusedWrite(cause)) return notWritable(this.settings, cause);
    if (!['ENOSPC', 'EDQUOT'].includes((cause as NodeJS.ErrnoException).code ?? '')) return cause;
    return new Error(
      `the disk of the hub's cacheDirectory ${this.settings.cacheDirectory} is full after ${this.available} bytes of ` +
        `${this.file.path}: free some space or give another cacheDirectory; the download resumes from there`,
      { cause },
    );
  }
}
