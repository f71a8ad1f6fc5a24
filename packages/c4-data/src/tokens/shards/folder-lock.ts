import { randomUUID } from 'node:crypto';
import { lstat, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { printable } from '../../printable.ts';

const lockFile = 'prepare.lock';
/** A process on another machine is taken for dead when it has not touched its lock for so long. */
const silentSeconds = 60;
const touchSeconds = 10;
/** Times the lock is tried for while others take and leave it. */
const mostAttempts = 20;
const longestWaitMilliseconds = 50;
/** A lock is one short line; what is larger is not one. */
const mostLockBytes = 4096;

/** Locks that this process holds, by their token. */
const held = new Set<string>();

const holderSchema = z.object({ host: z.string(), process: z.int().positive(), token: z.string() });
type Holder = z.infer<typeof holderSchema>;

/**
 * Keeps other processes out of a folder. The lock of a process that is gone is taken over: at once on the same machine, after
 * a minute from another one.
 *
 * @returns what gives the folder free again
 * @throws if another process works there, or the lock cannot be taken: the message names it and says why; the reason of the signal
 */
export async function lockFolder(directory: string, signal?: AbortSignal): Promise<() => Promise<void>> {
  const path = join(directory, lockFile);
  const token = randomUUID();
  const content = JSON.stringify({ host: hostname(), process: process.pid, token } satisfies Holder);
  for (let attempt = 1; !(await create(path, content, directory)); attempt += 1) {
    signal?.throwIfAborted();
    if (attempt > mostAttempts) {
      throw new Error(`the lock ${path} was taken by others ${mostAttempts} times: is ${directory} in use?`);
    }
    await removeDead(path, directory, token);
    await sleep(Math.random() * longestWaitMilliseconds);
  }
  held.add(token);
  const touch = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, touchSeconds * 1000);
  touch.unref();
  return async () => {
    clearInterval(touch);
    held.delete(token);
    await rm(path, { force: true });
  };
}

/** Makes the lock unless there is one. A disk too full for its content keeps no empty one. */
async function create(path: string, content: string, directory: string): Promise<boolean> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'wx');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code === 'ENOSPC') throw cause;
    throw new Error(`the folder ${directory} cannot be written (${message})`, { cause });
  }
  try {
    await file.writeFile(content);
    await file.close();
    return true;
  } catch (cause) {
    await file.close().catch(() => {});
    await rm(path, { force: true });
    throw cause;
  }
}

/**
 * Moves the lock of a dead process away; of several processes that try, none removes the new lock of another.
 *
 * @throws if its process lives, or the lock cannot be read or moved
 */
async function removeDead(path: string, directory: string, token: string): Promise<void> {
  const text = await readLock(path);
  if (text === undefined) return;
  const other = parseHolder(text);
  if (await isAlive(path, other)) {
    throw new Error(
      other === undefined
        ? `another process is preparing shards in ${directory}, or ended while it began: wait a minute, or give another folder`
        : `process ${other.process} on ${printable(other.host)} is preparing shards in ${directory}: ` +
            'wait for its end, or give another folder',
    );
  }
  const aside = `${path}.${token}`;
  try {
    await rename(path, aside);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw unusable(
      path,
      `the process that made it is gone, but it cannot be removed: ${(cause as Error).message}`,
    );
  }
  if ((await readLock(aside)) === text) await rm(aside, { force: true });
  else await rename(aside, path);
}

/** What a lock says; undefined once it is gone. */
async function readLock(path: string): Promise<string | undefined> {
  try {
    const info = await lstat(path);
    if (!info.isFile()) throw unusable(path, 'it is a link, a folder or a device, not a lock');
    return info.size > mostLockBytes ? '' : await readFile(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw code === undefined ? cause : unusable(path, `it cannot be read: ${message}`);
  }
}

function unusable(path: string, reason: string): Error {
  return new Error(`the lock ${path} cannot be taken, for ${reason}; remove it, or give another folder`);
}

/** Undefined for a lock that was cut short by the end of the process that wrote it. */
function parseHolder(text: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function isAlive(path: string, holder: Holder | undefined): Promise<boolean> {
  if (holder === undefined || holder.host !== hostname()) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
    // A time that is ahead comes from a clock that was wrong, and would otherwise never pass.
    return Math.abs(Date.now() - mtimeMs) / 1000 < silentSeconds;
  }
  // The number of a process comes back, after a restart of a container often as this very one.
  if (holder.process === process.pid) return held.has(holder.token);
  try {
    process.kill(holder.process, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
