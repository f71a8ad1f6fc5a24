import type { Table } from '@steepest/scaling-laws';
import { type RunTableOptions, readTable } from '@steepest/scaling-laws/node';
import { glob, isDynamicPattern } from 'tinyglobby';
import { UsageError } from '../frame.ts';

/** Reads the runs of files, folders and patterns, which a shell may have left as they are. */
export async function readRuns(paths: readonly string[], options: RunTableOptions): Promise<Table> {
  const found: string[] = [];
  for (const path of paths) found.push(...(isDynamicPattern(path) ? await matching(path) : [path]));
  return readTable(found, options);
}

async function matching(pattern: string): Promise<string[]> {
  const found = await glob(pattern, { onlyFiles: false, expandDirectories: false });
  if (found.length === 0) throw new UsageError(`${pattern}: no file or folder matches`);
  return found.sort();
}
