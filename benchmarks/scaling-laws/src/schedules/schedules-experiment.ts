import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadOptimizers, readExperiment } from '@steepest/experiments';
import { runFile, type TrainFile, type TrainingLimits, trainingLimits } from '../training/run-file.ts';
import { outcomeOf } from './outcome.ts';
import { outcomeTable, rankingTable, schedulesPage, suggestionLines } from './page.ts';
import { rankHeldOut } from './ranking.ts';
import { scheduleRuns } from './schedule-runs.ts';
import { comparisonFile, type ScheduleSuggestion, suggest } from './suggestion.ts';

/** Options of {@link runSchedulesExperiment}. */
export interface SchedulesExperimentOptions extends TrainingLimits {
  /** Where the runs go, and `suggestion.json`. */
  readonly out: string;
  /** Where the outcome goes. */
  readonly results?: string;
  /** The experiment whose runs are ranked and predicted. */
  readonly sweep?: string;
  /** The experiment whose curves the multi-power law is fitted on. */
  readonly curves?: string;
  /** How many seeds the suggestion and the cosines are trained with, none of them that of the curves. */
  readonly seeds: number;
}

const sourcePath = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Trains a sweep of schedules, predicts parts of it from the others; trains longer curves, asks a law fitted on them for
 * the best schedule, and compares it with cosines of as many steps. Every part that is done is left alone, so the same call resumes after any stop.
 *
 * @throws RunError when training fails
 */
export async function runSchedulesExperiment(
  options: SchedulesExperimentOptions,
  train: TrainFile = runFile,
): Promise<'ended' | 'interrupted'> {
  const { out, seeds } = options;
  const { sweep = sourcePath('sweep.yaml'), curves = sourcePath('curves.yaml') } = options;
  const limits = trainingLimits(options);
  const sweepFolder = join(out, 'sweep');
  if ((await train(sweep, { out: sweepFolder, ...limits })) === 'interrupted') return 'interrupted';
  const runs = await scheduleRuns(sweepFolder);
  const ranking = rankHeldOut(runs);
  console.log(`\n${ranking.map(rankingTable).join('\n\n')}\n`);
  const curvesFolder = join(out, 'curves');
  if ((await train(curves, { out: curvesFolder, ...limits })) === 'interrupted') return 'interrupted';
  // A suggestion that was made stays, so that it always comes before the runs that decide.
  const suggestion = (await readSuggestion(out)) ?? suggest(await scheduleRuns(curvesFolder));
  await writeFile(join(out, 'suggestion.json'), json(suggestion));
  console.log(suggestionLines(suggestion));
  const file = join(out, 'comparison.yaml');
  await writeFile(file, await comparisonOf(suggestion, curves, seeds));
  const folder = join(out, 'comparison');
  if ((await train(file, { out: folder, ...limits })) === 'interrupted') return 'interrupted';
  const outcome = outcomeOf(suggestion, await scheduleRuns(folder));
  const results = options.results ?? sourcePath('../../results/schedules');
  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'README.md'), schedulesPage(runs, ranking, suggestion, outcome));
  await writeFile(join(results, 'ranking.json'), json(ranking));
  await writeFile(join(results, 'suggestion.json'), json(suggestion));
  await writeFile(join(results, 'outcome.json'), json(outcome));
  console.log(`\n${outcomeTable(outcome)}\n\nResults  ${results}`);
  return 'ended';
}

/** The comparison under the conditions of the curves, with seeds that they did not have. */
async function comparisonOf(suggestion: ScheduleSuggestion, curves: string, count: number): Promise<string> {
  await loadOptimizers();
  const { model, budget, evaluation, seeds } = await readExperiment(curves);
  const first = Math.max(...seeds) + 1;
  const { steps, batchSize, contextLength } = budget;
  return comparisonFile(
    suggestion,
    Array.from({ length: count }, (_, index) => first + index),
    { model, budget: { steps, batchSize, contextLength }, evaluation },
  );
}

async function readSuggestion(out: string): Promise<ScheduleSuggestion | undefined> {
  const text = await readFile(join(out, 'suggestion.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ScheduleSuggestion);
}

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
