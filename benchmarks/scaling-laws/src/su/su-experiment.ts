import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadOptimizers, readExperiment, trialsOf } from '@steepest/experiments';
import { countParameters, type LanguageModelOptions, modelConfig } from '@steepest/lm-models';
import { logSpacedSteps } from '@steepest/trainer';
import { lossCurves } from '../training/loss-curves.ts';
import {
  RunError,
  runFile,
  type TrainFile,
  type TrainingLimits,
  trainingLimits,
} from '../training/run-file.ts';
import { compare } from './outcome.ts';
import { constantsTable, predictionTable, suPage, verdict } from './page.ts';
import { fitOf, type HeldOutRun, predictRun, type SuPrediction } from './prediction.ts';

/** Options of {@link runSuExperiment}. */
export interface SuExperimentOptions extends TrainingLimits {
  /** Where the runs go, and `prediction.json`. */
  readonly out: string;
  /** Where the outcome goes. */
  readonly results?: string;
  /** The experiment that the law is fitted on. */
  readonly sweep?: string;
  /** The experiment of one trial that is predicted. */
  readonly heldOut?: string;
  /** Losses of earlier steps are left out. */
  readonly fromStep: number;
  /** Resamples of runs for the intervals; the law's own number without it. */
  readonly bootstrap?: number;
}

const sourcePath = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Trains the sweep, predicts the held-out run and keeps the prediction in a file, trains that run, and writes how it came
 * out. Every part that is done is left alone, so the same call resumes after any stop.
 *
 * @throws RunError when training fails, or the held-out run was begun before there was a prediction
 */
export async function runSuExperiment(
  options: SuExperimentOptions,
  train: TrainFile = runFile,
): Promise<'ended' | 'interrupted'> {
  const { out } = options;
  const { sweep = sourcePath('sweep.yaml'), heldOut = sourcePath('held-out.yaml') } = options;
  const limits = trainingLimits(options);
  const [sweepFolder, heldOutFolder] = [join(out, 'sweep'), join(out, 'held-out')];
  if ((await train(sweep, { out: sweepFolder, ...limits })) === 'interrupted') return 'interrupted';
  const prediction =
    (await readPrediction(out)) ?? (await makePrediction(sweepFolder, heldOut, heldOutFolder, options));
  console.log(`\n${constantsTable(prediction)}\n`);
  for (const warning of fitOf(prediction).warnings) console.log(`The fit warns: ${warning}`);
  console.log(`Predicted for ${prediction.run.name} on ${prediction.made}:\n`);
  console.log(`${predictionTable(prediction)}\n`);
  if ((await train(heldOut, { out: heldOutFolder, ...limits })) === 'interrupted') return 'interrupted';
  const outcome = compare(prediction, await lossCurves(heldOutFolder));
  const results = options.results ?? sourcePath('../../results/su');
  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'README.md'), suPage(prediction, outcome));
  await writeFile(join(results, 'prediction.json'), json(prediction));
  await writeFile(join(results, 'outcome.json'), json(outcome));
  console.log(`\n${verdict(prediction, outcome)}\n\nResults  ${results}`);
  return 'ended';
}

async function makePrediction(
  sweepFolder: string,
  heldOut: string,
  heldOutFolder: string,
  options: SuExperimentOptions,
): Promise<SuPrediction> {
  if ((await readdir(heldOutFolder).catch(() => [])).length > 0) {
    throw new RunError(
      `${heldOutFolder} was begun before there was a prediction; remove it, so that the prediction comes first`,
    );
  }
  const prediction = predictRun(await lossCurves(sweepFolder), await readRun(heldOut), options);
  await writeFile(join(options.out, 'prediction.json'), json(prediction));
  return prediction;
}

async function readPrediction(out: string): Promise<SuPrediction | undefined> {
  const text = await readFile(join(out, 'prediction.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as SuPrediction);
}

/** The one trial of an experiment, as far as the law takes notice of it. */
async function readRun(file: string): Promise<HeldOutRun> {
  await loadOptimizers();
  const trials = trialsOf(await readExperiment(file), { backend: 'cpu', versions: {} });
  const [trial] = trials;
  if (trial === undefined || trials.length > 1) {
    throw new RunError(`${file}: the experiment to predict must have one trial, got ${trials.length}`);
  }
  const { steps, batchSize, contextLength } = trial.budget;
  return {
    name: trial.optimizer,
    parameters: countParameters(modelConfig({ ...(trial.model as LanguageModelOptions), seed: 0 }))
      .nonEmbedding,
    batchTokens: batchSize * contextLength,
    measuredAt: logSpacedSteps(steps, trial.evaluation.points).filter((step) => step > 0),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}
