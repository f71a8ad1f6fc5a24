import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from '../runner/run-error.ts';
import { collectResults } from './collect-results.ts';
import { readObject } from './json-files.ts';
import type { Results } from './results.ts';

/**
 * Results of a folder: collected from its run files, or where these were not kept, as its results.json has them.
 * @throws when the folder holds neither, or a results.json of another version; the message names it.
 */
export async function loadResults(folder: string): Promise<Results> {
  const hasRunFiles = await access(join(folder, 'experiment.json')).then(
    () => true,
    () => false,
  );
  const file = join(folder, 'results.json');
  const kept = hasRunFiles ? undefined : await readObject(file);
  if (!kept) return collectResults(folder);
  if (kept.schemaVersion !== 1 || !Array.isArray(kept.trials) || !Array.isArray(kept.sweeps)) {
    throw new RunError(
      `${file} was written by another version of the report; write it again from its run files`,
    );
  }
  return kept as unknown as Results;
}
