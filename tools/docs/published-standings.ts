import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isComplete, loadResults } from '@steepest/run-report';
import { type Standing, standings } from '../../benchmarks/lm-comparison/src/loss-table.ts';
import { resultsFolder } from './step-costs.ts';

/** The experiment that trains all optimizers. */
export const broadExperiment = 'optimizers';

/** Name of the optimizer that the others are compared with. */
export const comparedWith = 'adamw';

/**
 * How the optimizers of {@link broadExperiment} stand against {@link comparedWith}, by name; nothing where a repository has no
 * results of it, or half of them.
 */
export async function publishedStandings(repository: string): Promise<ReadonlyMap<string, Standing>> {
  const folder = join(repository, resultsFolder, broadExperiment);
  if (!existsSync(join(folder, 'results.json'))) return new Map();
  const results = await loadResults(folder);
  if (!isComplete(results)) return new Map();
  return new Map(standings(results, comparedWith).map((one) => [one.name, one]));
}
