import { join } from 'node:path';
import { exists, foldersIn, readObject, withoutSeal } from '@steepest/run-files';
import type { Results } from '../results/results.ts';
import { readKeptResults } from '../results/results-file.ts';
import { collectResults } from './collect-results.ts';
import { summarizeResults } from './summarize-results.ts';

/**
 * Results of a folder: collected from its run files, or where these were not kept, from the trials in its results.json.
 * @throws when the folder holds neither, or a results.json that is malformed or was changed; the message names it.
 */
export async function loadResults(folder: string): Promise<Results> {
  const file = join(folder, 'results.json');
  const kept = (await hasRunFiles(folder)) ? undefined : await readObject(file);
  if (!kept) return collectResults(folder);
  return summarizeResults(readKeptResults(withoutSeal(kept, file), file));
}

/** Whether a folder has files of runs, of which a results.json beside them may lack some. */
export async function hasRunFiles(folder: string): Promise<boolean> {
  if (await exists(join(folder, 'experiment.json'))) return true;
  for (const name of await foldersIn(folder)) {
    for (const file of ['config.json', 'metrics.jsonl']) {
      if (await exists(join(folder, name, file))) return true;
    }
  }
  return false;
}
