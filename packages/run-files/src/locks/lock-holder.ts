import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** The process that holds a lock, as its lock file names it. */
export interface LockHolder {
  readonly host: string;
  /** Where process numbers mean the same: one boot of one machine, and one container of it. */
  readonly place: string;
  readonly process: number;
  /** When the process began, in the system's own count, since a process number comes back; null where it is not told. */
  readonly started: string | null;
  /** Differs between any two locks. */
  readonly token: string;
  /** The holder writes its file again at least this often while it lives. */
  readonly leaseSeconds: number;
}

/** This process as the holder of a new lock. */
export function holderHere(leaseSeconds: number): LockHolder {
  return {
    host: hostname(),
    place: placeHere(),
    process: process.pid,
    started: startOf(process.pid),
    token: randomUUID(),
    leaseSeconds,
  };
}

/** Whether the holder's process still runs; undefined where that cannot be known from here. */
export function isRunning(holder: LockHolder): boolean | undefined {
  if (holder.place !== placeHere()) return undefined;
  try {
    process.kill(holder.process, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return startOf(holder.process) === holder.started;
}

/** Reads what a lock file says; undefined for anything else, such as a file that is just being written. */
export function parseHolder(text: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<LockHolder> | null;
    return typeof holder?.token === 'string' && typeof holder.leaseSeconds === 'number'
      ? (holder as LockHolder)
      : undefined;
  } catch {
    return undefined;
  }
}

function placeHere(): string {
  return [
    hostname(),
    orNone(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    orNone(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' ');
}

/** Field 22 of /proc/<pid>/stat, after the command's name, which may hold spaces and brackets. */
function startOf(pid: number): string | null {
  const stat = orNone(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function orNone(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
