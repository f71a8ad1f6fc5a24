import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const LOCK_FILE = 'prepare.lock';
/** A process on another machine is taken for dead when it has not touched its lock for so long. */
const SILENT_SECONDS = 60;
const TOUCH_SECONDS = 10;

/** Locks that this process holds, by their token. */
const held = new Set<string>();

interface Holder {
  readonly host: string;
  readonly process: number;
  readonly token: string;
}

/**
 * Keeps other processes out of a folder. The lock of a process that is gone is taken over: at once on the same machine, after
 * a minute from another one.
 *
 * @returns what gives the folder free again
 * @throws if another process works there
 */
export async function lockFolder(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, LOCK_FILE);
  const token = randomUUID();
  const holder: Holder = { host: hostname(), process: process.pid, token };
  while (!(await create(path, JSON.stringify(holder)))) await removeDead(path, directory, token);
  held.add(token);
  const touch = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, TOUCH_SECONDS * 1000);
  touch.unref();
  return async () => {
    clearInterval(touch);
    held.delete(token);
    await rm(path, { force: true });
  };
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(content);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves the lock of a dead process away; of several processes that try, none removes the new lock of another. */
async function removeDead(path: string, directory: string, token: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const other = parseHolder(text);
  if (await isAlive(path, other)) {
    const name = other === undefined ? 'another process' : `process ${other.process} on ${other.host}`;
    throw new Error(`${name} is preparing shards in ${directory}: wait for its end, or give another folder`);
  }
  const aside = `${path}.${token}`;
  const moved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  if ((await readFile(aside, 'utf8')) === text) await rm(aside, { force: true });
  else await rename(aside, path);
}

/** Undefined for a lock that was cut short by the end of the process that wrote it. */
function parseHolder(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined;
  }
}

async function isAlive(path: string, holder: Holder | undefined): Promise<boolean> {
  if (holder === undefined || holder.host !== hostname()) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
    return (Date.now() - mtimeMs) / 1000 < SILENT_SECONDS;
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
