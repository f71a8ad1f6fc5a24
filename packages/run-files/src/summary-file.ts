import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { writeJson } from './durable-files.ts';
import { fileProblem, isMissing } from './file-system.ts';
import { isObject, type Json, requireVersion } from './json-files.ts';
import { runSchemaVersion, type TrialSummary } from './run.ts';
import { RunError } from './run-error.ts';
import { sealed, sealProblem } from './sealed-json.ts';

/** The files that a summary has the checksums of: what ran, and what was logged. */
const coveredFiles = ['config.json', 'metrics.jsonl'] as const;

/** SHA-256 in hexadecimal of files of a run, by name. */
export type FileDigests = Readonly<Record<string, string>>;

/** What summary.json says. */
export interface OpenedSummary {
  /** Without version and checksums. */
  readonly summary: Json;
  /** What the files of the run were when it was written; absent in those of earlier versions and other programs. */
  readonly sha256: FileDigests | undefined;
  /** Why it cannot be believed, where it was changed since it was written. */
  readonly damage: string | undefined;
}

/**
 * Replaces summary.json of a run folder; a part of it is what is known of a run whose process has died. The file has the
 * checksums of config.json, metrics.jsonl and itself, so that a result that was changed later is noticed.
 */
export async function writeSummary(directory: string, summary: Partial<TrialSummary>): Promise<void> {
  const digests: Record<string, string> = {};
  for (const name of coveredFiles) {
    const digest = await digestOf(join(directory, name));
    if (digest !== undefined) digests[name] = digest;
  }
  const content = { schemaVersion: runSchemaVersion, ...summary, sha256: digests };
  await writeJson(join(directory, 'summary.json'), sealed(content));
}

/** @throws RunError when it was written by a later version */
export function openSummary(value: unknown, file: string): OpenedSummary {
  const read = isObject(value) ? value : {};
  requireVersion(file, read.schemaVersion);
  const { schemaVersion: _, sha256, checksum: __, ...summary } = read;
  return {
    summary,
    sha256: isObject(sha256) ? (sha256 as FileDigests) : undefined,
    damage: sealProblem(read, file),
  };
}

/** The first file of a run that is not what its summary says it was. */
export async function changedFile(directory: string, digests: FileDigests): Promise<string | undefined> {
  for (const name of coveredFiles) {
    const wanted = digests[name];
    if (wanted !== undefined && (await digestOf(join(directory, name))) !== wanted) return name;
  }
  return undefined;
}

/** @param bytes how many of them, from the first on; all by default @returns undefined where there is no such file */
export async function digestOf(path: string, bytes?: number): Promise<string | undefined> {
  const hash = createHash('sha256');
  if (bytes === 0) return hash.digest('hex');
  try {
    const stream = createReadStream(path, bytes === undefined ? {} : { end: bytes - 1 });
    for await (const piece of stream) hash.update(piece as Uint8Array);
    return hash.digest('hex');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new RunError(`cannot read ${path}: ${fileProblem(error)}`, { cause: error });
  }
}
