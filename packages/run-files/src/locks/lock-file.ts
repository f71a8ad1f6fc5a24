import { type FileHandle, lstat, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { namingFile } from '../file-system.ts';
import { printable } from '../printable.ts';
import { RunError } from '../run-error.ts';
import { holderHere, isRunning, type LockHolder, parseHolder } from './lock-holder.ts';

/** Seconds without a sign of life after which a process on another machine is taken for dead. */
export const defaultLeaseSeconds = 30;
/** Times a lock is tried for while others take and leave it. */
const mostAttempts = 20;
const longestWaitMilliseconds = 50;
/** Who holds a lock that does not say, or that others take and leave too fast to be read. */
const anotherProcess = 'another process';
/** A lock is one short line; what is larger is not one. */
const mostLockBytes = 4096;

/** A lock that this process holds. */
export interface HeldLock {
  release(): Promise<void>;
}

/** The process that holds a lock which another one wants. */
export interface BusyLock {
  /** Names it for a message, as `process 12 on host` or `another process`, of which "is at work" can be said. */
  readonly busy: string;
}

/**
 * Takes a lock file, also on storage that several machines share. A lock whose process is gone is taken over: at once
 * where that can be seen, and from another machine when it has not been written again within its lease, by the clock of
 * the storage. A process that loses its lock, because it was frozen for so long, ends itself before it writes anything.
 *
 * @throws RunError naming the file and the reason where it cannot be taken, as on a full disk, or is something else than a lock
 */
export async function takeLock(
  file: string,
  leaseSeconds = defaultLeaseSeconds,
): Promise<HeldLock | BusyLock> {
  const mine = holderHere(leaseSeconds);
  const content = `${JSON.stringify(mine)}\n`;
  for (let attempt = 0; attempt <= mostAttempts; attempt++) {
    if (await created(file, content)) return keep(file, mine, content);
    const found = await readLock(file);
    if (found !== undefined) {
      const { holder, text } = found;
      if (await isAlive(file, holder)) return { busy: nameOf(holder) };
      await removeStale(file, text, mine.token);
    }
    await sleep(Math.random() * longestWaitMilliseconds);
  }
  return { busy: anotherProcess };
}

function nameOf(holder: LockHolder | undefined): string {
  return holder === undefined ? anotherProcess : `process ${holder.process} on ${printable(holder.host)}`;
}

/** Whether this call made the lock file; one that could not be written whole is not left behind. */
async function created(file: string, content: string): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    return namingFile('write', file, () => Promise.reject(error));
  }
  try {
    await namingFile('write', file, async () => {
      await handle.writeFile(content);
      // A disk that is full may say so only here.
      await handle.sync();
    });
    return true;
  } catch (error) {
    await rm(file, { force: true }).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}

/** What a lock file says; undefined once it is gone. */
async function readLock(file: string): Promise<{ text: string; holder: LockHolder | undefined } | undefined> {
  const text = await namingFile('read', file, () => textOf(file));
  return text === undefined ? undefined : { text, holder: parseHolder(text) };
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    const info = await lstat(file);
    if (!info.isFile()) throw new Error('it is a link, a folder or a device, not a lock');
    return info.size > mostLockBytes ? '' : await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function isAlive(file: string, holder: LockHolder | undefined): Promise<boolean> {
  const running = holder === undefined ? undefined : isRunning(holder);
  // A time that is ahead comes from a clock that was wrong, and would otherwise never pass.
  return running ?? Math.abs(await secondsSilent(file)) < (holder?.leaseSeconds ?? defaultLeaseSeconds);
}

/** Age of a file by the clock that stamps files there, which may differ from this machine's. */
async function secondsSilent(file: string): Promise<number> {
  const probe = `${file}.${process.pid}.clock`;
  try {
    await writeFile(probe, '');
    const [now, then] = await Promise.all([stat(probe), stat(file)]);
    return (now.mtimeMs - then.mtimeMs) / 1_000;
  } catch {
    const then = await stat(file).catch(() => undefined);
    return then === undefined ? Number.POSITIVE_INFINITY : (Date.now() - then.mtimeMs) / 1_000;
  } finally {
    await rm(probe, { force: true });
  }
}

/** Moves a stale lock away; of several processes that try, only one moves it, and none moves a newer lock for good. */
async function removeStale(file: string, text: string, token: string): Promise<void> {
  const aside = `${file}.${token}.stale`;
  try {
    await rename(file, aside);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    const reason = `the process that made it is gone, but it cannot be removed: ${message}`;
    throw new RunError(`${file} cannot be taken, for ${reason}`, { cause: error });
  }
  if ((await textOf(aside)) === text) await rm(aside, { force: true });
  else await rename(aside, file);
}

/** Shows signs of life from a thread, which a long synchronous step of training does not hold up. */
function keep(file: string, mine: LockHolder, content: string): HeldLock {
  const thread = new Worker(new URL('./lock-heartbeat.js', import.meta.url), {
    workerData: { file, content, everyMilliseconds: (mine.leaseSeconds * 1_000) / 5 },
    execArgv: [],
  });
  thread.unref();
  return {
    release: async () => {
      await thread.terminate();
      if ((await readLock(file))?.text === content) await rm(file, { force: true });
    },
  };
}
