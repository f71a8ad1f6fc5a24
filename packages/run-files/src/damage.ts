import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metrics } from './metrics-file.ts';

const remedy = 'a file was changed: remove the folder of the trial, and run the experiment again';

/**
 * Why the files of a finished run cannot be believed, where they contradict one another: its summary and its metrics have
 * different final losses, or its metrics do not have the checksum that its last checkpoint recorded.
 */
export async function damageOf(
  directory: string,
  finalValidationLoss: number,
  { validation }: Pick<Metrics, 'validation'>,
): Promise<string | undefined> {
  const last = validation.at(-1)?.loss ?? null;
  if (!areOneLoss(finalValidationLoss, last)) {
    return `summary.json has a final validation loss of ${finalValidationLoss}, metrics.jsonl one of ${last}; ${remedy}`;
  }
  const mark = await markOf(join(directory, 'checkpoint', 'trainer.json'));
  if (mark === undefined) return undefined;
  const metrics = await readFile(join(directory, 'metrics.jsonl')).catch(() => Buffer.alloc(0));
  const digest = createHash('sha256').update(metrics.subarray(0, mark.bytes)).digest('hex');
  return digest === mark.sha256
    ? undefined
    : `metrics.jsonl is not what it was at the last checkpoint; ${remedy}`;
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
    return typeof metrics?.bytes === 'number' && typeof metrics.sha256 === 'string' ? metrics : undefined;
  } catch {
    return undefined;
  }
}
