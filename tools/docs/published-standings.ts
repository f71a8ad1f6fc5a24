import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadResults } from '@steepest/run-report';
import { type Standing, standings } from '../../benchmarks/lm-comparison/src/loss-table.ts';
import { resultsFolder } from './step-costs.ts';

/** Name of the optimizer that the others are compared with. */
export const comparedWith = 'adamw';

/**
 * How the optimizers of the experiment that trains all of them stand against {@link comparedWith}, by name; nothing where a
 * repository has no results of it.
 */
export async function publishedStandings(repository: string): Promise<ReadonlyMap<string, Standing>> {
  const folder = join(repository, resultsFolder, 'optimizers');
  if (!existsSync(join(folder, 'results.json'))) return new Map();
  return new Map(standings(await loadResults(folder), comparedWith).map((one) => [one.name, one]));
}
