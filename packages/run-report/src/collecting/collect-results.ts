import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { loadOptimizers, optimizerTitle } from '@steepest/experiments';
import { foldersIn, printable, printableValues, RunError } from '@steepest/run-files';
import type { ExperimentRecord, Results, SharedConfiguration, TrialResult } from '../results/results.ts';
import { learningRateOf } from '../statistics/selection.ts';
import {
  differing,
  differingVersions,
  textHashes,
  variations,
  versionsOf,
  withoutSwept,
} from '../statistics/variations.ts';
import { type RecordedTrial, readExperiment, readTrial, readTuning } from './read-trial.ts';
import { summarizeResults } from './summarize-results.ts';

/** The files of a trial's folder that results are collected from. */
export const trialFiles = ['config.json', 'metrics.jsonl', 'summary.json'] as const;

/** The files beside the folders of trials that results are collected from. */
export const experimentFiles = ['experiment.json', 'tune.json'] as const;

/**
 * Collects the results of every trial below a folder from its run files alone, so that trials made anywhere can be
 * copied together and compared. Trials still running or killed count as `interrupted`, or as `running` in a live view.
 * @throws when the folder does not exist, holds no run files, or one of them is malformed; the message names the file.
 */
export async function collectResults(
  outDirectory: string,
  { live = false }: { readonly live?: boolean } = {},
): Promise<Results> {
  // What ran in trials of earlier versions follows from the rules of their optimizers.
  await loadOptimizers();
  const folders = await foldersIn(outDirectory);
  const experiment = await readExperiment(outDirectory);
  const recorded = await recordedTrials(outDirectory, folders, live ? 'running' : 'interrupted');
  if (!experiment && recorded.length === 0) {
    throw new RunError(
      `nothing to report in ${outDirectory}: expected experiment.json or folders of trials, each with a config.json`,
    );
  }
  const named = namedOptimizers(experiment, recorded);
  const order = new Map(named.map(({ name }, index) => [name, index]));
  const tuning = await readTuning(outDirectory);
  const { name = printable(basename(resolve(outDirectory))), description, model, budget } = experiment ?? {};
  return summarizeResults({
    schemaVersion: 1,
    experiment: {
      name,
      ...(description === undefined ? {} : { description }),
      ...(model === undefined ? {} : { model }),
      ...(budget === undefined ? {} : { budget }),
    },
    backend: experiment?.backend ?? null,
    machine: experiment?.machine ?? null,
    baselines: experiment?.baselines ?? null,
    date: await newestDate(outDirectory, folders),
    shared: sharedConfiguration(recorded),
    optimizers: named,
    trials: recorded
      .map(({ trial }) => marked(trial, experiment?.confirm))
      .sort((a, b) => compareTrials(a, b, order)),
    ...(experiment?.trials === undefined ? {} : { plannedTrials: experiment.trials }),
    ...(experiment?.trialsFollow === true ? { trialsFollow: true } : {}),
    ...(tuning === undefined ? {} : { tuning }),
  });
}

async function recordedTrials(
  outDirectory: string,
  folders: readonly string[],
  unended: 'interrupted' | 'running',
): Promise<RecordedTrial[]> {
  const recorded: RecordedTrial[] = [];
  for (const folder of folders) {
    const trial = await readTrial(join(outDirectory, folder), unended);
    if (trial) recorded.push(trial);
  }
  const configs = recorded.map(({ config }) => config);
  const varied = variations(configs);
  const versions = differingVersions(configs).map(printableValues);
  return recorded.map(({ trial, config }, index) => ({
    config,
    trial: {
      ...trial,
      variation: varied[index]!,
      ...(versions[index] === undefined ? {} : { versions: versions[index] }),
    },
  }));
}

function namedOptimizers(experiment: ExperimentRecord | undefined, recorded: readonly RecordedTrial[]) {
  const named = new Map((experiment?.optimizers ?? []).map(({ name, title }) => [name, title]));
  for (const { trial } of recorded) {
    if (!named.has(trial.optimizer)) named.set(trial.optimizer, optimizerTitle(trial.optimizer));
  }
  return [...named].map(([name, title]) => ({ name, title }));
}

function marked(trial: TrialResult, confirm: readonly number[] = []): TrialResult {
  return trial.seed !== null && confirm.includes(trial.seed) ? { ...trial, confirmation: true } : trial;
}

function compareTrials(a: TrialResult, b: TrialResult, order: ReadonlyMap<string, number>): number {
  return (
    (order.get(a.optimizer) ?? 0) - (order.get(b.optimizer) ?? 0) ||
    (learningRateOf(a) ?? 0) - (learningRateOf(b) ?? 0) ||
    (a.seed ?? 0) - (b.seed ?? 0) ||
    (a.id < b.id ? -1 : 1)
  );
}

async function newestDate(outDirectory: string, folders: readonly string[]): Promise<string | null> {
  const files = folders.flatMap((folder) => trialFiles.map((file) => join(outDirectory, folder, file)));
  const times = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  const newest = Math.max(0, ...times);
  return newest > 0 ? new Date(newest).toISOString() : null;
}

function sharedConfiguration(recorded: readonly RecordedTrial[]): SharedConfiguration {
  const configs = recorded.map(({ config }) => config);
  const first = printableValues(configs[0] ?? {});
  const versions = printableValues(versionsOf(configs));
  const [textHash, ...others] = textHashes(configs);
  return {
    ...(first.model === undefined ? {} : { model: first.model }),
    ...(first.data === undefined ? {} : { data: first.data }),
    ...(first.schedule === undefined ? {} : { schedule: withoutSwept(first.schedule) }),
    ...(first.budget === undefined ? {} : { budget: first.budget }),
    ...(first.evaluation === undefined ? {} : { evaluation: first.evaluation }),
    ...(versions === undefined ? {} : { versions }),
    ...(textHash === undefined || others.length > 0 ? {} : { textHash: printable(textHash) }),
    differing: differing(recorded),
  };
}
