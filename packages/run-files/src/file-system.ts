import * as node from 'node:fs/promises';
import { RunError } from './run-error.ts';

/** The operations on files that durability depends on, so that tests can watch their order and make them fail. */
export type FileSystem = Pick<typeof node, 'open' | 'rename' | 'rm' | 'mkdir' | 'stat'>;

/** The files of this machine. */
export const machineFiles: FileSystem = node;

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
  EISDIR: 'it is a folder',
  ENOENT: 'the file is missing',
  EIO: 'the disk failed',
};

/** Why an operation on a file failed, in words, with the system's code. */
export function fileProblem(cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return `${reasons[code] ?? message}${code && ` (${code})`}`;
}

/** Whether a file or folder is not there, because there is nothing of its name or its folder is a file. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Runs an operation on a file, and names the file and the reason when it fails. */
export async function namingFile<T>(doing: string, path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    throw new RunError(`cannot ${doing} ${path}: ${fileProblem(cause)}`, { cause });
  }
}
