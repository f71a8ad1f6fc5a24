import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFile, type TrainFile, type TrainingLimits, trainingLimits } from '../training/run-file.ts';
import { comparisonFile, readFixed } from './comparison-file.ts';
import { contextRuns } from './context-runs.ts';
import { outcomeOf } from './outcome.ts';
import { contextPage, lawsTable, planTables, resultTable, verdict } from './page.ts';
import { type ContextPlan, fitOf, planContexts } from './plan.ts';

/** Options of {@link runAdaptiveContextExperiment}. */
export interface AdaptiveContextOptions extends TrainingLimits {
  /** Where the runs go, and `plan.json`. */
  readonly out: string;
  /** Where the outcome goes. */
  readonly results?: string;
  /** The experiment of fixed contexts that the laws are fitted on. */
  readonly fixed?: string;
  /** Losses of earlier steps, such as those of the warm-up, are left out of the fit. */
  readonly fromStep: number;
}

const sourcePath = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Trains with fixed contexts, plans a run whose context grows and keeps the plan in a file, trains that run with the same
 * seeds, and writes how it came out. Every part that is done is left alone, so the same call resumes after any stop.
 *
 * @throws RunError when training fails
 */
export async function runAdaptiveContextExperiment(
  options: AdaptiveContextOptions,
  train: TrainFile = runFile,
): Promise<'ended' | 'interrupted'> {
  const { out, fromStep, fixed = sourcePath('fixed.yaml') } = options;
  const limits = trainingLimits(options);
  const [fixedFolder, comparisonFolder] = [join(out, 'fixed'), join(out, 'comparison')];
  if ((await train(fixed, { out: fixedFolder, ...limits })) === 'interrupted') return 'interrupted';
  const experiment = await readFixed(fixed);
  const fixedRuns = await contextRuns(fixedFolder);
  // A plan that was made stays, so that it always comes before the runs that decide.
  const plan = (await readPlan(out)) ?? planContexts(fixedRuns, fromStep, experiment.evaluation.points);
  await writeFile(join(out, 'plan.json'), json(plan));
  console.log(`\n${lawsTable(plan)}\n`);
  for (const warning of fitOf(plan).warnings) console.log(`The fit warns: ${warning}`);
  console.log(`\n${planTables(plan)}\n`);
  const file = join(out, 'comparison.yaml');
  await writeFile(file, comparisonFile(experiment, plan));
  if ((await train(file, { out: comparisonFolder, ...limits })) === 'interrupted') return 'interrupted';
  const outcome = outcomeOf(plan, fixedRuns, await contextRuns(comparisonFolder));
  const results = options.results ?? sourcePath('../../results/adaptive-context');
  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'README.md'), contextPage(plan, outcome));
  await writeFile(join(results, 'plan.json'), json(plan));
  await writeFile(join(results, 'outcome.json'), json(outcome));
  for (const table of [outcome.constant, outcome.decayed]) {
    console.log(`\n${resultTable(table, outcome.seeds)}`);
  }
  console.log(`\n${verdict(outcome, plan)}\n\nResults  ${results}`);
  return 'ended';
}

async function readPlan(out: string): Promise<ContextPlan | undefined> {
  const text = await readFile(join(out, 'plan.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ContextPlan);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}
