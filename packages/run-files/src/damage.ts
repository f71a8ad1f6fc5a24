import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finite } from './json-files.ts';
import type { Metrics } from './metrics-file.ts';
import { changedFile, digestOf, type OpenedSummary } from './summary-file.ts';

const remedy = 'a file was changed: remove the folder of the trial, and run the experiment again';

/**
 * Why the files of a run that has ended cannot be believed, where they contradict one another: its summary and its metrics have
 * different final losses, or a file does not have the checksum that the summary, or the last checkpoint of an earlier version,
 * recorded.
 */
export async function damageOf(
  directory: string,
  { summary: { status, finalValidationLoss }, sha256, damage }: OpenedSummary,
  { validation }: Pick<Metrics, 'validation'>,
): Promise<string | undefined> {
  if (damage !== undefined) return `${damage}; ${remedy}`;
  // A run that failed or was interrupted has no result.
  if (status === 'failed' || status === 'interrupted') return undefined;
  const final = finite(finalValidationLoss);
  const last = validation.at(-1)?.loss ?? null;
  if (status === 'finished' && !areOneLoss(final, last)) {
    return `summary.json has a final validation loss of ${final}, metrics.jsonl one of ${last}; ${remedy}`;
  }
  if (sha256 !== undefined) {
    const name = await changedFile(directory, sha256);
    return name && `${name} is not what it was when the run ended; ${remedy}`;
  }
  const mark = await markOf(join(directory, 'checkpoint', 'trainer.json'));
  if (mark === undefined || (await digestOf(join(directory, 'metrics.jsonl'), mark.bytes)) === mark.sha256)
    return undefined;
  return `metrics.jsonl is not what it was at the last checkpoint; ${remedy}`;
}

/** Whether the final loss of a finished run is that of its last evaluation, where both are known. */
export function areOneLoss(final: number | null, last: number | null): boolean {
  // Files of other programs may round.
  return final === null || last === null || Math.abs(last - final) <= 1e-9 * Math.abs(last);
}

/** What a checkpoint says of the metrics; undefined where there is none to read, as in runs that were copied without. */
async function markOf(
  file: string,
): Promise<{ readonly bytes: number; readonly sha256: string } | undefined> {
  try {
    const { metrics } = JSON.parse(await readFile(file, 'utf8'));
    return Number.isSafeInteger(metrics?.bytes) && typeof metrics.sha256 === 'string' ? metrics : undefined;
  } catch {
    return undefined;
  }
}
