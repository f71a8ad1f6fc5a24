import { randomBytes } from 'node:crypto';
import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/**
 * `use`: someone reads the file, which must stay. `get`: someone writes its partial copy, alone.
 *
 * A lease is an empty file next to the one it is for, `<file>.<kind>-<host>-<pid>-<nonce>`, that its holder touches.
 */
export type LeaseKind = 'use' | 'get';

const heartbeatSeconds = 10;
/** A lease untouched for so long belongs to a process that is gone or hangs. */
const staleSeconds = 60;
const leaseName = /^(.*)\.(use|get)-([^/]*)-(\d+)-([0-9a-f]{12})$/;

const host = hostname().replace(/[^A-Za-z0-9.]/g, '') || 'host';

/** Splits a lease's file name; undefined where it is none. */
export function parseLease(name: string): { readonly file: string; readonly kind: LeaseKind } | undefined {
  const match = leaseName.exec(name);
  return match === null ? undefined : { file: match[1]!, kind: match[2] as LeaseKind };
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether the holder of a lease is alive; a lease whose holder is gone is removed. */
export async function leaseHolds(path: string): Promise<boolean> {
  const [, , , leaseHost, pid] = leaseName.exec(basename(path)) ?? [];
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return false;
  // A time that is ahead comes from a clock that was wrong, and would otherwise never pass.
  const fresh = Math.abs(Date.now() - info.mtimeMs) < staleSeconds * 1000;
  if (fresh && (leaseHost !== host || processLives(Number(pid)))) return true;
  await rm(path, { force: true });
  return false;
}

/** A claim on a file of the cache that other processes respect while it is held. */
export class Lease {
  private readonly timer: NodeJS.Timeout;
  private touched = Date.now();

  private constructor(private readonly path: string) {
    this.timer = setInterval(() => void this.touch(), heartbeatSeconds * 1000);
    this.timer.unref();
  }

  /** Marks a file as in use; any number of readers may. */
  static async use(file: string): Promise<Lease> {
    return Lease.create(file, 'use');
  }

  /**
   * Claims the writing of a file's partial copy; undefined while another process has it.
   *
   * Exclusive because a claim is made before the others are looked for: of two that claim at once each sees the other
   * and both withdraw, to try again.
   */
  static async tryGet(file: string): Promise<Lease | undefined> {
    const lease = await Lease.create(file, 'get');
    const folder = dirname(file);
    for (const name of await readdir(folder)) {
      const other = parseLease(name);
      if (other?.kind !== 'get' || other.file !== basename(file) || join(folder, name) === lease.path)
        continue;
      if (await leaseHolds(join(folder, name))) {
        await lease.release();
        return undefined;
      }
    }
    return lease;
  }

  private static async create(file: string, kind: LeaseKind): Promise<Lease> {
    const path = `${file}.${kind}-${host}-${process.pid}-${randomBytes(6).toString('hex')}`;
    await writeFile(path, '', { flag: 'wx' });
    return new Lease(path);
  }

  /** False once another process may have taken over, as after this one was stopped or the machine slept. */
  async stillHeld(): Promise<boolean> {
    if (Date.now() - this.touched < (staleSeconds / 2) * 1000) return true;
    return this.touch();
  }

  async release(): Promise<void> {
    clearInterval(this.timer);
    await rm(this.path, { force: true });
  }

  private async touch(): Promise<boolean> {
    const now = new Date();
    try {
      await utimes(this.path, now, now);
      this.touched = now.getTime();
      return true;
    } catch {
      return false;
    }
  }
}
