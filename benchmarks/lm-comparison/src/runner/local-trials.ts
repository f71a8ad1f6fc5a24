import { usableCores } from '@steepest/backend';
import PQueue from 'p-queue';
import type { TrialConfig } from '../experiment/index.ts';
import type { LossLimits } from '../messages.ts';
import type { Display, RunView, TrialEnd } from '../progress/index.ts';
import type { OpenedRun, Requests } from './open-run.ts';
import { runTrialProcess } from './trial-run.ts';
import type { Worker } from './worker.ts';

/**
 * Runs a trial, with limits to its loss where it may be given up, and answers how it ended; undefined when it was not begun
 * or not followed to its end, because the person has stopped the run.
 */
export type TrainTrial = (config: TrialConfig, lossLimits?: LossLimits) => Promise<TrialEnd | undefined>;

/** What shows a run to the person. */
export interface Onlookers {
  readonly view: RunView;
  readonly display: Display;
}

/** Runs trials on this machine, each in a process of its own, in the order asked for, so many side by side. */
export function localTrials(
  run: OpenedRun,
  { view, display }: Onlookers,
  { stop, leave }: Requests,
  { parallel, threads }: { readonly parallel: number | undefined; readonly threads: number },
): TrainTrial {
  const workers = new Set<Worker>();
  stop.addEventListener('abort', () => {
    for (const worker of workers) worker.stop();
  });
  leave.addEventListener('abort', () => {
    for (const worker of workers) worker.kill();
  });
  const room = Math.max(1, Math.floor(usableCores() / threads));
  const queue = new PQueue({ concurrency: parallel ?? run.experiment.parallel ?? room });
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
          checkpoint: run.checkpointOf(config),
          threads,
          ...(lossLimits === undefined ? {} : { lossLimits }),
        },
        {
          onWorker: (started) => {
            worker = started;
            workers.add(started);
            if (stop.aborted) started.stop();
          },
          onStatus: (text) => view.status(trial, text),
          onWarning: (text) => display.line(text),
          onProgress: (progress) => view.progress(trial, progress),
        },
      );
      if (worker !== undefined) workers.delete(worker);
      view.end(end);
      display.ended(end);
      return end;
    });
}
