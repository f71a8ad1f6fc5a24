import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { damageOf } from './damage.ts';
import { fileProblem, namingFile } from './file-system.ts';
import { type Json, readJson, readObject, readText, requireVersion } from './json-files.ts';
import { type Metrics, readMetrics } from './metrics-file.ts';
import { type TrialStatus, type TrialSummary, trialStatuses } from './run.ts';
import { RunError } from './run-error.ts';
import { openSummary } from './summary-file.ts';

/** A run as its folder records it. */
export interface RecordedRun {
  /** What `config.json` calls it, or the name of its folder. */
  readonly name: string;
  /** All of `config.json`. */
  readonly config: Json;
  /** What `summary.json` says; `undefined` for a run without one, which is at work or was killed. */
  readonly summary: RecordedSummary | undefined;
  /** Why the files of a run that is over contradict one another, so that its numbers cannot be believed. */
  readonly damage: string | undefined;
  readonly metrics: Metrics;
}

/** A summary that a file holds: only its status is certain. */
export type RecordedSummary = Json & { readonly status: TrialStatus };

/**
 * Reads the run in a folder, whoever wrote it: at work, ended, or killed in the middle of a line.
 *
 * @returns `undefined` when the folder has neither config.json nor metrics.jsonl, so is not a run's
 * @throws RunError when it has metrics.jsonl without config.json, or a file is not what the trainer writes; the message names the file, and the line in metrics.jsonl
 */
export async function readRun(directory: string): Promise<RecordedRun | undefined> {
  const configFile = join(directory, 'config.json');
  const config = await readObject(configFile);
  const metricsFile = join(directory, 'metrics.jsonl');
  if (config === undefined) {
    // Left out without a word, a trial whose copy is not whole would be missing from a comparison.
    if ((await readText(metricsFile)) === undefined) return undefined;
    throw new RunError(
      `${directory} has a metrics.jsonl and no config.json: copy the whole folder of the run, or remove it`,
    );
  }
  requireVersion(configFile, config.schemaVersion);
  const summaryFile = join(directory, 'summary.json');
  const read = await readObject(summaryFile);
  const opened = read && openSummary(read, summaryFile);
  const metrics = await readMetrics(metricsFile);
  return {
    name: typeof config.trial === 'string' ? config.trial : basename(directory),
    config,
    summary: opened && checkedSummary(opened.summary, summaryFile),
    damage: opened && (await damageOf(directory, opened, metrics)),
    metrics,
  };
}

/**
 * What a run that has ended came to, so far as its `summary.json` says; `undefined` without a summary that can be read.
 *
 * Whoever decides whether to train a run again asks this: a summary that says nothing is as good as none.
 */
export async function readSummary(
  directory: string,
): Promise<Pick<TrialSummary, 'status' | 'reason' | 'finalValidationLoss' | 'seconds'> | undefined> {
  const file = join(directory, 'summary.json');
  const opened = await readJson(file)
    .then((value) => openSummary(value, file))
    .catch(() => undefined);
  if (opened === undefined || opened.damage !== undefined) return undefined;
  const { summary } = opened;
  const { status, finalValidationLoss = null, seconds = null } = summary;
  const isNumber = (number: unknown) => number === null || typeof number === 'number';
  if (!isStatus(status) || !isNumber(finalValidationLoss) || !isNumber(seconds)) return undefined;
  return summary as unknown as TrialSummary;
}

const folderProblems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'it is not a folder',
};

/**
 * Names of the folders in a folder, in order. Links to folders count: results are often moved to a larger disk.
 *
 * @throws RunError when it cannot be read, or a link in it leads nowhere, as to a disk that is not there
 */
export async function foldersIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    const why = folderProblems[cause.code ?? ''] ?? fileProblem(cause);
    throw new RunError(`cannot read ${directory}: ${why}`, { cause });
  });
  const names: string[] = [];
  for (const entry of entries) if (await isFolder(directory, entry)) names.push(entry.name);
  return names.sort();
}

async function isFolder(directory: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  // Editors mark a file that is open by a hidden link to nowhere.
  if (entry.name.startsWith('.')) return false;
  const path = join(directory, entry.name);
  return (await namingFile('follow the link', path, () => stat(path))).isDirectory();
}

function checkedSummary(summary: Json, file: string): RecordedSummary {
  if (isStatus(summary.status)) return summary as RecordedSummary;
  throw new RunError(
    `${file}: status must be one of ${trialStatuses.join(', ')}, got ${JSON.stringify(summary.status)}`,
  );
}

function isStatus(value: unknown): value is TrialStatus {
  return (trialStatuses as readonly unknown[]).includes(value);
}
