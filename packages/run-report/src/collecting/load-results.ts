import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { readObject, withoutSeal } from '@steepest/run-files';
import type { Results } from '../results/results.ts';
import { readKeptResults } from '../results/results-file.ts';
import { collectResults } from './collect-results.ts';
import { summarizeResults } from './summarize-results.ts';

/**
 * Results of a folder: collected from its run files, or where these were not kept, from the trials in its results.json.
 * @throws when the folder holds neither, or a results.json that is malformed or was changed; the message names it.
 */
export async function loadResults(folder: string): Promise<Results> {
  const hasRunFiles = await access(join(folder, 'experiment.json')).then(
    () => true,
    () => false,
  );
  const file = join(folder, 'results.json');
  const kept = hasRunFiles ? undefined : await readObject(file);
  if (!kept) return collectResults(folder);
  return summarizeResults(readKeptResults(withoutSeal(kept, file), file));
}
