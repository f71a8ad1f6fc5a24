import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';
import type { TrialConfig } from '../experiment/index.ts';
import type { LossLimits } from '../messages.ts';
import type { Display, RunView, TrialEnd } from '../progress/index.ts';
import type { OpenedRun, Requests } from './open-run.ts';
import { runTrialProcess } from './trial-run.ts';
import type { Worker } from './worker.ts';

/** What shows a run to the person. */
export interface Onlookers {
  readonly view: RunView;
  readonly display: Display;
}

/**
 * Runs trials on this machine, several side by side, each in its own process.
 * @returns how each ended; undefined for one that was not begun
 */
export async function runTrialsHere(
  run: OpenedRun,
  pending: readonly TrialConfig[],
  { view, display }: Onlookers,
  { stop, leave }: Requests,
  parallel: number | undefined,
): Promise<(TrialEnd | undefined)[]> {
  const train = localTrials(run, { view, display }, { stop, leave }, parallel);
  return Promise.all(pending.map((config) => train(config)));
}

/**
 * A function that runs a trial on this machine in its own process, after those asked for before once so many are at work.
 * It answers how the trial ended; undefined when it was not begun, because the person has stopped the run.
 */
export function localTrials(
  run: OpenedRun,
  { view, display }: Onlookers,
  { stop, leave }: Requests,
  parallel: number | undefined,
): (config: TrialConfig, lossLimits?: LossLimits) => Promise<TrialEnd | undefined> {
  const workers = new Set<Worker>();
  stop.addEventListener('abort', () => {
    for (const worker of workers) worker.stop();
  });
  leave.addEventListener('abort', () => {
    for (const worker of workers) worker.kill();
  });
  const queue = new PQueue({ concurrency: parallel ?? run.experiment.parallel ?? availableParallelism() });
  return (config, lossLimits) =>
    queue.add(async () => {
      if (stop.aborted) return undefined;
      const { trial } = config;
      view.start(trial);
      let worker: Worker | undefined;
      const end = await runTrialProcess(
        config,
        {
          outDirectory: run.outDirectory,
          cacheDirectory: run.cacheDirectory,
          checkpointEvery: run.checkpointEvery(config),
          ...(lossLimits === undefined ? {} : { lossLimits }),
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
    });
}
