import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { holderHere, isRunning, type LockHolder, parseHolder } from './lock-holder.ts';

/** Seconds without a sign of life after which a process on another machine is taken for dead. */
export const defaultLeaseSeconds = 30;

/** A lock that this process holds. */
export interface HeldLock {
  release(): Promise<void>;
}

/** The process that holds a lock which another one wants. */
export interface BusyLock {
  readonly busy: string;
}

/**
 * Takes a lock file, also on storage that several machines share. A lock whose process is gone is taken over: at once
 * where that can be seen, and from another machine when it has not been written again within its lease, by the clock of
 * the storage. A process that loses its lock, because it was frozen for so long, ends itself before it writes anything.
 */
export async function takeLock(
  file: string,
  leaseSeconds = defaultLeaseSeconds,
): Promise<HeldLock | BusyLock> {
  const mine = holderHere(leaseSeconds);
  const content = `${JSON.stringify(mine)}\n`;
  for (;;) {
    if (await created(file, content)) return keep(file, mine, content);
    const found = await readLock(file);
    if (found === undefined) continue;
    if (await isAlive(file, found.holder)) {
      const { holder } = found;
      return {
        busy: holder === undefined ? 'another process' : `process ${holder.process} on ${holder.host}`,
      };
    }
    await removeStale(file, found.text, mine.token);
  }
}

/**
 * Whether this call made the lock file.
 * @throws the file system's error, naming the file; a lock that could not be written whole is not left behind
 */
async function created(file: string, content: string): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    await handle.writeFile(content);
    // A disk that is full may say so only here.
    await handle.sync();
    return true;
  } catch (error) {
    await rm(file, { force: true }).catch(() => {});
    throw named(error as NodeJS.ErrnoException, file);
  } finally {
    await handle.close();
  }
}

/** An error of a write to an open file says what went wrong, but not where. */
function named(error: NodeJS.ErrnoException, file: string): Error {
  return new Error(`${file}: ${error.message}`, { cause: error });
}

async function readLock(file: string): Promise<{ text: string; holder: LockHolder | undefined } | undefined> {
  try {
    const text = await readFile(file, 'utf8');
    return { text, holder: parseHolder(text) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function isAlive(file: string, holder: LockHolder | undefined): Promise<boolean> {
  const running = holder === undefined ? undefined : isRunning(holder);
  return running ?? (await secondsSilent(file)) < (holder?.leaseSeconds ?? defaultLeaseSeconds);
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
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) === text) await rm(aside, { force: true });
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
