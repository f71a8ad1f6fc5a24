import { usableCores } from '@steepest/backend';
import PQueue from 'p-queue';
import type { TrialConfig } from '../experiment/index.ts';
import type { LossLimits } from '../messages.ts';
import type { Display, RunView, TrialEnd } from '../progress/index.ts';
import { CoreShares } from './core-shares.ts';
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

/** How many trials are trained side by side on this machine, and on how many threads each; as cores are free by default. */
export interface LocalOptions {
  readonly parallel: number | undefined;
  readonly threads: number | undefined;
}

/** Runs trials on this machine, each in a process of its own, in the order asked for. */
export function localTrials(
  run: OpenedRun,
  { view, display }: Onlookers,
  { stop, leave }: Requests,
  { threads, parallel = threads === undefined ? run.experiment.parallel : undefined }: LocalOptions,
): TrainTrial {
  const workers = new Set<Worker>();
  stop.addEventListener('abort', () => {
    for (const worker of workers) worker.stop();
  });
  leave.addEventListener('abort', () => {
    for (const worker of workers) worker.kill();
  });
  const shares = new CoreShares({ cores: usableCores(), parallel, threads });
  if (shares.notice !== undefined) display.line(shares.notice);
  const queue = new PQueue({ concurrency: shares.parallel });
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
          threads: shares.first,
          ...(lossLimits === undefined ? {} : { lossLimits }),
        },
        {
          onWorker: (started) => {
            worker = started;
            workers.add(started);
            shares.begin(started, queue.size);
            if (stop.aborted) started.stop();
          },
          onStatus: (text) => view.status(trial, text),
          onWarning: (text) => display.line(text),
          onProgress: (progress) => view.progress(trial, progress),
        },
      );
      if (worker !== undefined) {
        workers.delete(worker);
        shares.end(worker, queue.size);
      }
      view.end(end);
      display.ended(end);
      return end;
    });
}
