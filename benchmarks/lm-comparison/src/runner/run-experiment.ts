import { mkdir } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { type Experiment, type TrialConfig, trialsOf } from '../experiment/index.ts';
import type { BackendChoice, Prepared } from '../messages.ts';
import { entryTitle } from '../optimizers.ts';
import { type Display, RunView, type TrialEnd } from '../progress/index.ts';
import { lockFolder } from './folder-lock.ts';
import { refuseChangedSettings } from './frozen-config.ts';
import { listenForInterruption } from './interruption.ts';
import { startPreparation } from './preparation.ts';
import { RunError } from './run-error.ts';
import { runTrialProcess } from './trial-run.ts';
import { readSummary } from './trial-summary.ts';
import type { Worker } from './worker.ts';
import { writeJson } from './write-json.ts';

export interface RunOptions {
  readonly outDirectory: string;
  /** A tfjs backend or `auto`. */
  readonly backend: BackendChoice;
  /** Trials side by side; the experiment's own number, or one a core, by default. */
  readonly parallel?: number;
  readonly display: Display;
}

/** How a run of an experiment ended. */
export interface RunOutcome {
  readonly failed: readonly TrialEnd[];
  /** True when the person stopped it before the end. */
  readonly interrupted: boolean;
}

/**
 * Runs every trial of an experiment that has not ended yet, several side by side, each in its own process.
 * A failed trial leaves the others alone; Ctrl-C stops all with a checkpoint.
 * @throws RunError when the folder cannot be used or the preparation fails
 */
export async function runExperiment(experiment: Experiment, options: RunOptions): Promise<RunOutcome> {
  const { outDirectory, display } = options;
  try {
    await mkdir(outDirectory, { recursive: true });
  } catch (error) {
    throw new RunError(`cannot create ${outDirectory}: ${(error as Error).message}`);
  }
  const unlock = await lockFolder(outDirectory);
  const workers = new Set<Worker>();
  const stop = new AbortController();
  const unlisten = listenForInterruption(
    () => {
      stop.abort();
      for (const worker of workers) worker.stop();
    },
    () => {
      for (const worker of workers) worker.kill();
    },
  );
  try {
    return await runTrials(experiment, options, workers, stop.signal);
  } finally {
    unlisten();
    display.close();
    await unlock();
  }
}

async function runTrials(
  experiment: Experiment,
  { outDirectory, backend, parallel, display }: RunOptions,
  workers: Set<Worker>,
  stop: AbortSignal,
): Promise<RunOutcome> {
  const cacheDirectory = join(outDirectory, 'cache');
  const preparation = startPreparation(experiment, { backend, cacheDirectory }, (text) =>
    display.phase(text),
  );
  workers.add(preparation.worker);
  const prepared = await preparation.prepared.catch((error: unknown) => {
    if (stop.aborted) return undefined;
    throw error;
  });
  workers.delete(preparation.worker);
  if (prepared === undefined) return { failed: [], interrupted: true };

  const trials = trialsOf(experiment, { backend: prepared.backend.name, versions: prepared.versions });
  await refuseChangedSettings(outDirectory, trials);
  await writeJson(join(outDirectory, 'experiment.json'), describeExperiment(experiment, prepared));
  const pending = await unfinished(outDirectory, trials);
  const view = new RunView(
    trials.map(({ trial }) => trial),
    trials.length - pending.length,
    experiment.budget.steps,
  );
  announce(display, experiment, prepared, view);
  display.show(view);
  stop.addEventListener('abort', () => {
    view.stopping = true;
  });

  const concurrency = parallel ?? experiment.parallel ?? availableParallelism();
  const queue = new PQueue({ concurrency });
  const ends = pending.map((config) =>
    queue.add(async () => {
      if (stop.aborted) return undefined;
      const { trial } = config;
      view.start(trial);
      let worker: Worker | undefined;
      const end = await runTrialProcess(
        config,
        {
          outDirectory,
          cacheDirectory,
          checkpointEvery: experiment.checkpoint?.every ?? Math.max(1, Math.ceil(config.budget.steps / 10)),
        },
        {
          onWorker: (started) => {
            worker = started;
            workers.add(started);
            if (stop.aborted) started.stop();
          },
          onStatus: (text) => view.status(trial, text),
          onProgress: (progress) => view.progress(trial, progress),
        },
      );
      if (worker !== undefined) workers.delete(worker);
      view.end(end);
      display.ended(end);
      return end;
    }),
  );
  const settled = await Promise.all(ends);
  return {
    failed: settled.filter((end): end is TrialEnd => end?.status === 'failed'),
    interrupted: settled.some((end) => end === undefined || end.status === 'interrupted'),
  };
}

async function unfinished(outDirectory: string, trials: readonly TrialConfig[]): Promise<TrialConfig[]> {
  const summaries = await Promise.all(trials.map(({ trial }) => readSummary(join(outDirectory, trial))));
  return trials.filter((_, index) => {
    const status = summaries[index]?.status;
    return status !== 'finished' && status !== 'diverged';
  });
}

function announce(display: Display, experiment: Experiment, prepared: Prepared, view: RunView): void {
  const { steps, batchSize, contextLength } = experiment.budget;
  const number = (value: number) => value.toLocaleString('en');
  const skipped = view.skipped === 0 ? '' : `, ${view.skipped} of them done earlier`;
  display.line(
    [
      `${experiment.name}: ${view.trials} trials${skipped}, each ${number(steps)} steps of ${number(batchSize * contextLength)} tokens`,
      `model ${experiment.model.size}, ${number(prepared.parameters)} parameters; text of ${number(prepared.trainTokens)} training and ${number(prepared.validationTokens)} validation tokens`,
      `backend ${prepared.backend.name}: ${prepared.backend.reason}`,
    ].join('\n'),
  );
}

function describeExperiment(experiment: Experiment, { backend }: Prepared): object {
  const { optimizers, ...rest } = experiment;
  return {
    schemaVersion: 1,
    ...rest,
    optimizers: Object.entries(optimizers).map(([name, entry]) => ({ name, title: entryTitle(name, entry) })),
    backend,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      node: process.versions.node,
    },
  };
}
